/** The durable roles of a resource in all its databases: made once, looked after at each check, remembered in between. */
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

const TRIES = 4;

/** Two reconcilers, or a DBA at work, may change the same rows: look again at what is, then do what is still missing. */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !isConcurrentChange(error)) throw error;
      if (codeOf(error) === 'XX000') await new Promise((resolve) => setTimeout(resolve, 20 * tries * Math.random()));
    }
  }
}
