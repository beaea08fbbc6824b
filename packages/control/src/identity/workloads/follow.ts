/** Workloads are in the configuration; their accounts, which the record names, follow from it. */
import type { CurrentConfig, CurrentWorkload } from '@tidegate/config';
import { type PersonName, TidegateError } from '@tidegate/core';
import { endAccessOf } from '../../access/end-access.ts';
import type { ControlEvent } from '../../record/events.ts';
import type { Tx } from '../../store/schema.ts';
import { endLogins } from '../logins.ts';
import { findAccount } from '../people.ts';

/**
 * Makes the accounts of kind `workload` what the configuration says: new ones are made, those that are gone from it are
 * disabled, with their logins, keys, requests and grants; one that an administrator disabled stays so while it is in it.
 * Throws `conflict` where a person has the name. Answers the events, to be appended last.
 */
export async function followWorkloads(
  tx: Tx,
  before: Pick<CurrentConfig, 'workloads'>,
  { workloads }: Pick<CurrentConfig, 'workloads'>,
  by: PersonName,
  at: Temporal.Instant,
): Promise<ControlEvent[]> {
  const events: ControlEvent[] = [];
  const known = new Set(before.workloads.map(({ name }) => name));
  for (const workload of workloads) events.push(...(await bring(tx, workload, known.has(workload.name), by, at)));
  const kept = new Set(workloads.map(({ name }) => name));
  const there = await tx
    .selectFrom('people')
    .select('name')
    .where('kind', '=', 'workload')
    .where('disabledAt', 'is', null)
    .orderBy('name')
    .execute();
  for (const { name } of there) if (!kept.has(name)) events.push(...(await dismiss(tx, name, by, at)));
  await setGroups(tx, workloads);
  return events;
}

async function bring(
  tx: Tx,
  workload: CurrentWorkload,
  known: boolean,
  by: PersonName,
  at: Temporal.Instant,
): Promise<ControlEvent[]> {
  const { name, runBy } = workload;
  const account = await findAccount(tx, name);
  if (account !== null && account.kind !== 'workload') {
    throw new TidegateError('conflict', `${name} is a person: no workload can be called so.`, 'Choose another name.');
  }
  if (account === null) {
    const row = { name, kind: 'workload' as const, password: null, runBy, createdAt: at, disabledAt: null };
    await tx.insertInto('people').values(row).execute();
    return [{ kind: 'workload.created', at, data: { person: name, by, runBy } }];
  }
  const disabledAt = known ? account.disabledAt : null;
  const back = disabledAt === null && account.disabledAt !== null;
  if (!back && JSON.stringify(account.runBy) === JSON.stringify(runBy)) return [];
  await tx.updateTable('people').set({ runBy, disabledAt }).where('name', '=', name).execute();
  return [{ kind: 'workload.changed', at, data: { person: name, by, runBy, back } }];
}

async function dismiss(tx: Tx, name: PersonName, by: PersonName, at: Temporal.Instant): Promise<ControlEvent[]> {
  await tx.updateTable('people').set({ disabledAt: at }).where('name', '=', name).execute();
  const ended = await endAccessOf(tx, name, by, at);
  await endLogins(tx, name);
  return [{ kind: 'workload.disabled', at, data: { person: name, by } }, ...ended];
}

/** Beside the members that the file gives its groups, which were set before. */
async function setGroups(tx: Tx, workloads: readonly CurrentWorkload[]): Promise<void> {
  const rows = workloads.flatMap(({ name, groups }) =>
    [...new Set(groups)].map((groupName) => ({ groupName, person: name, source: 'config' as const })),
  );
  if (rows.length === 0) return;
  await tx
    .insertInto('groupMembers')
    .values(rows)
    .onConflict((on) => on.doNothing())
    .execute();
}
