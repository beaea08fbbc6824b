/** What the form would change in the configuration: planned by the same checks as everywhere, applied as it was planned. */
import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { ConfigPlan } from '@tidegate/contract';
import { lazy, Suspense } from 'react';
import { api } from '../../api/client.ts';
import { stale } from '../../api/queries.ts';
import { part } from '../../app/fetched.ts';
import { Loading } from '../../components/Loading.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Section } from '../../components/Section.tsx';
import { problemsForPage } from '../../lib/refusal.ts';
import { PlanShown } from '../../parts/PlanShown.tsx';
import { resourceForm as words } from '../../words/resource-form.ts';
import styles from './resources.module.css';

const Differences = lazy(() =>
  part(async () => ({ default: (await import('../policies/Differences.tsx')).Differences })),
);

export interface ChangeProps {
  readonly inForce: string;
  readonly yaml: string;
  /** Applied; what is left to do then. */
  readonly onApplied: () => Promise<unknown>;
}

export function Change({ inForce, yaml, onApplied }: ChangeProps) {
  const plan = useQuery({
    queryKey: ['planConfig', yaml, inForce],
    queryFn: ({ signal }) => api.planConfig({ yaml }, { signal }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const problems = problemsForPage(plan.error);
  return (
    <Section title={words.planTitle} hint={words.planHint}>
      {plan.isPending && <Loading />}
      {problems.length > 0 ? (
        <div role="alert">
          <h3>{words.problems}</h3>
          <ul className={styles.sentences}>
            {problems.map(({ path, message }) => (
              <li key={`${path} ${message}`}>
                {message} <span className={styles.none}>({path})</span>
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <Problem error={plan.error} />
      )}
      {plan.data !== undefined && !plan.isError && (
        <>
          <PlanShown plan={plan.data} />
          <details className={styles.text}>
            <summary>{words.differences}</summary>
            <Suspense fallback={<Loading />}>
              <Differences from={inForce} to={yaml} />
            </Suspense>
          </details>
          <Apply plan={plan.data} yaml={yaml} onApplied={onApplied} onPlan={() => plan.refetch()} />
        </>
      )}
    </Section>
  );
}

interface ApplyProps extends Pick<ChangeProps, 'yaml' | 'onApplied'> {
  readonly plan: ConfigPlan;
  readonly onPlan: () => Promise<unknown>;
}

function Apply({ plan: { planId, changes, refused }, yaml, onApplied, onPlan }: ApplyProps) {
  const apply = useMutation({
    mutationFn: () => api.applyConfig({ yaml, planId }),
    onSuccess: async () => {
      await stale('config', 'configVersions', 'resources', 'resource', 'resourceRules', 'resourceAskers', 'explain');
      await onApplied();
    },
  });
  return (
    <Group gap="xs" mt="sm">
      <Button onClick={() => apply.mutate()} loading={apply.isPending} disabled={changes.length === 0 || refused}>
        {words.apply}
      </Button>
      {refused && (
        <>
          <Button variant="default" onClick={() => void onPlan()}>
            {words.planAgain}
          </Button>
          <Text c="dimmed">{words.refused}</Text>
        </>
      )}
      {changes.length === 0 && <Text c="dimmed">{words.unchanged}</Text>}
      <Problem error={apply.error} />
    </Group>
  );
}
