/** A test of a connection, whichever the engine: how far it came, and what is in the way. */
import type { ConnectionTest, TestStep } from '@tidegate/contract';
import { ProvisionError } from './provisioner.ts';
import { PERSON } from './words.ts';

/** What a test finds on its way; each engine's own writes into it as it goes on. */
export interface Found {
  server: string | null;
  administrator: string | null;
  tls: string | null;
  /** Privileges that are missing, or what else keeps us from working there. */
  readonly problems: string[];
  readonly warnings: string[];
}

/** By what people are told of it: each engine's codes lead there. */
const AT: ReadonlyMap<string, TestStep> = new Map([
  [PERSON.unreachable, 'reach'],
  [PERSON.untrusted, 'tls'],
  [PERSON.refused, 'login'],
  [PERSON.missing, 'databases'],
  [PERSON.lacking, 'privileges'],
  [PERSON.readOnly, 'server'],
  [PERSON.busy, 'server'],
]);
/** Words of ours in place of a server's code. */
const BY_CODE: ReadonlyMap<string, TestStep> = new Map([
  ['credential', 'credential'],
  ['replica', 'server'],
  ['too_old', 'server'],
  ['unfit', 'server'],
  ['name', 'databases'],
]);

/** Runs `work`, which does not reject for what it finds; whatever ends it says how far it came. */
export async function tested(work: (found: Found) => Promise<void>): Promise<ConnectionTest> {
  const found: Found = { server: null, administrator: null, tls: null, problems: [], warnings: [] };
  try {
    await work(found);
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    const detail = error.detail === '' ? error.message : error.detail;
    return told(found, stepOf(error, found), [detail, ...found.problems]);
  }
  return told(found, found.problems.length > 0 ? 'privileges' : null, found.problems);
}

/** Whoever has heard the server's name was let in: what is not known by name came after that. */
function stepOf(error: ProvisionError, { server }: Found): TestStep {
  return BY_CODE.get(error.code) ?? AT.get(error.message) ?? (server === null ? 'login' : 'databases');
}

const told = (
  { server, administrator, tls, warnings }: Found,
  failedAt: TestStep | null,
  problems: readonly string[],
): ConnectionTest => ({
  failedAt,
  server: server === null ? null : cut(server, 200),
  administrator: administrator === null ? null : cut(administrator, 300),
  tls,
  problems: problems.slice(0, LISTED_MAX).map((each) => cut(each, 2000)),
  warnings: warnings.slice(0, LISTED_MAX).map((each) => cut(each, 2000)),
});

/** What the link carries. */
const LISTED_MAX = 100;
const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
