/** Names that something is already given to, though nobody has the account. */
import type { CurrentConfig } from '@tidegate/config';
import type { PersonName } from '@tidegate/core';
import type { Tx } from '../store/schema.ts';

/**
 * Whether the configuration, or a membership, has a name already though nobody has the account: whoever may choose what
 * they are called at the provider would choose what they may do here.
 */
export async function isSpokenOf(tx: Tx, config: CurrentConfig, name: PersonName): Promise<boolean> {
  const { groups, policy, workloads, permissions, apiKeys } = config;
  const listed = [
    apiKeys.self.people,
    ...groups.map(({ members }) => members),
    ...workloads.flatMap((workload) => [[workload.name], workload.runBy]),
    ...permissions.map(({ to }) => to.people),
    ...policy.rules.flatMap(({ who, approvals, breakGlass }) => [
      who.people,
      breakGlass?.notify.people ?? [],
      ...approvals.flatMap(({ from, escalate }) => [from.people, escalate?.to.people ?? []]),
    ]),
  ];
  if (listed.some((names) => names.includes(name))) return true;
  const row = await tx
    .selectFrom('groupMembers')
    .select('person')
    .where('person', '=', name)
    .union(
      tx.selectFrom('people').select('manager as person').where('manager', '=', name).$castTo<{ person: PersonName }>(),
    )
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
