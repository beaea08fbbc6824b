/** Workloads as the API shows them: what the configuration says, and whether they have been there. */
import type { WorkloadView } from '@tidegate/contract';
import { currentConfig } from '../../config/current.ts';
import { anyOf } from '../../store/any.ts';
import type { Reader } from '../../store/schema.ts';

/** Those of the configuration in force, by name. */
export async function listWorkloads(db: Reader): Promise<WorkloadView[]> {
  const { workloads } = await currentConfig(db);
  const names = workloads.map(({ name }) => name);
  const used = await db
    .selectFrom('logins')
    .select(({ fn }) => ['person', fn.max('lastUsedAt').as('at')])
    .where('person', '=', anyOf(names))
    .groupBy('person')
    .execute();
  return workloads
    .map(({ name, runBy, groups, trust, certificates }) => ({
      name,
      runBy: [...runBy],
      groups: [...groups],
      trust: trust.map((each) => ({ ...each })),
      certificates: certificates.map((each) => ({ ...each })),
      lastUsedAt: used.find(({ person }) => person === name)?.at.toString() ?? null,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
