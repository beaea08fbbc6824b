/** Who could move a pending request now, by name where the policy in force tells. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RequestView } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';
import { stepText } from '../../lib/saying.ts';
import { access } from '../../words/access.ts';
import { requests as words } from '../../words/requests.ts';

export interface WhoCouldProps {
  readonly request: RequestView;
  /** Where the step is named beside it. */
  readonly brief?: boolean;
}

export function WhoCould({ request, brief = false }: WhoCouldProps) {
  const open = request.steps.findIndex(({ state }) => state === 'open');
  const { resource, role } = request;
  const { data } = useQuery({ ...reading('explain', { resource, role }), enabled: open !== -1 });
  const step = request.steps[open];
  if (step === undefined) return null;
  const names = (data?.steps[open]?.candidates ?? []).filter((name) => !step.approvedBy.includes(name));
  return (
    <Text span c="dimmed" size="sm">
      {brief ? access.step.open : words.waitsFor(stepText(step))}
      {names.length > 0 && ` (${access.step.whoCould(names)})`}
    </Text>
  );
}
