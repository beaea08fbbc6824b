/** The durable roles of a resource in all its databases: made once, looked after at each check, remembered in between. */
import { again as untilAlone } from '../../again.ts';
import { ProvisionError } from '../../provisioner.ts';
import { codeOf, isConcurrentChange } from './errors.ts';
import { ensureGroups } from './groups.ts';
import type { GroupNames } from './names.ts';
import { ensurePrivileges } from './privileges.ts';
import type { Administrator } from './sessions.ts';

export interface Durable {
  /** Databases where PUBLIC may not connect. */
  readonly closedToPublic: readonly string[];
  /** What can't be given to everybody, in sentences. */
  readonly warnings: readonly string[];
}

export interface DurableOptions {
  readonly administrator: Administrator;
  readonly resource: string;
  readonly databases: readonly string[];
  readonly home: string;
  readonly names: GroupNames;
}

/** @throws ProvisionError with all that an operator must put right first. */
export async function ensureDurable(options: DurableOptions): Promise<Durable> {
  const { administrator, resource, databases, home, names } = options;
  const problems = await again(() => administrator.use(home, (session) => ensureGroups(session, names, resource)));
  if (problems.length > 0) throw unprepared(problems);
  const closedToPublic: string[] = [];
  const warnings: string[] = [];
  for (const database of databases) {
    const found = await again(() =>
      administrator.use(database, (session) => ensurePrivileges(session, database, names)),
    );
    if (!found.publicConnects) closedToPublic.push(database);
    problems.push(...found.problems);
    warnings.push(...found.warnings);
  }
  if (problems.length > 0) throw unprepared(problems);
  return { closedToPublic, warnings };
}

const unprepared = (problems: readonly string[]) =>
  new ProvisionError("Tidegate's administrator lacks a privilege in the database.", 'not_prepared', problems.join(' '));

/** XX000 ("tuple concurrently updated") comes again where two look again in step. */
export const again = <T>(work: () => Promise<T>): Promise<T> =>
  untilAlone(work, { concurrent: isConcurrentChange, pause: (error) => (codeOf(error) === 'XX000' ? 20 : 0) });
