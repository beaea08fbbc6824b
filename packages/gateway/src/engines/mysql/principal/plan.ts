/** From what is to what is wanted: the statements that are missing, as pure functions. */
import type { Actual, Switch } from './inspect.ts';
import { LEDGER } from './names.ts';
import type { GrantChanges } from './privileges.ts';
import { account, quoteIdent, quoteText } from './quote.ts';
import type { Stored } from './secret.ts';

/** A principal as it should be. */
export interface Wanted {
  readonly loginName: string;
  /** What is missing of its privileges, and what it holds beyond them. */
  readonly privileges: GrantChanges;
  /** Never the password itself. */
  readonly stored: Stored;
  readonly requireTls: boolean;
  readonly connectionLimit: number;
  /** Ms since the epoch on the server's clock; null: it can't log in. */
  readonly openUntil: number | null;
  /** Milliseconds that the end may be off: the clocks' difference is measured anew at each connect. */
  readonly tolerance: number;
}

export interface Step {
  readonly text: string;
  /** A hash of the password stands in it. */
  readonly secret: boolean;
  /** It may be beyond the administrator; all else goes on without it. */
  readonly optional: boolean;
}

/**
 * In this order, for each is its own transaction: locked before anything is taken or given, the switch set before the
 * lock is opened.
 *
 * @param actual null: it does not exist
 */
export function plan(wanted: Wanted, actual: Actual | null, alarm: Switch): Step[] {
  const name = account(wanted.loginName);
  const open = wanted.openUntil !== null;
  const steps: Step[] = [];
  const add = (texts: readonly string[], kind: Partial<Step> = {}) =>
    steps.push(...texts.map((text) => ({ text, secret: false, optional: false, ...kind })));
  if (actual === null) {
    add([`CREATE USER ${name} ${attributes(wanted)} ACCOUNT LOCK`], { secret: true });
  } else {
    if (!open && !actual.locked) add([`ALTER USER ${name} ACCOUNT LOCK`]);
    if (!hasAttributes(wanted, actual)) add([`ALTER USER ${name} ${attributes(wanted)}`], { secret: true });
  }
  const { takes, gives } = wanted.privileges;
  add(takes, { optional: true });
  add(gives);
  add(switchChange(wanted, alarm));
  if (open && (actual === null || actual.locked)) add([`ALTER USER ${name} ACCOUNT UNLOCK`]);
  return steps;
}

function attributes({ stored, requireTls, connectionLimit }: Wanted): string {
  return [
    `IDENTIFIED WITH ${stored.plugin} AS ${quoteText(stored.secret)}`,
    `REQUIRE ${requireTls ? 'SSL' : 'NONE'}`,
    `WITH MAX_USER_CONNECTIONS ${connectionLimit}`,
    'PASSWORD EXPIRE NEVER',
  ].join(' ');
}

function hasAttributes({ stored, requireTls, connectionLimit }: Wanted, actual: Actual): boolean {
  return (
    actual.plugin === stored.plugin &&
    actual.secret === stored.secret &&
    actual.tls === (requireTls ? 'any' : 'none') &&
    actual.connectionLimit === connectionLimit
  );
}

/** One event a principal, of its name, in a database that no grant reaches; it is gone once it has fired. */
export const switchOf = (loginName: string) => `${quoteIdent(LEDGER)}.${quoteIdent(loginName)}`;

function switchChange({ loginName, openUntil, tolerance }: Wanted, alarm: Switch): string[] {
  const name = switchOf(loginName);
  if (openUntil === null) return alarm === null ? [] : [`DROP EVENT IF EXISTS ${name}`];
  const schedule = `ON SCHEDULE AT ${quoteText(wholeSeconds(openUntil))} ON COMPLETION NOT PRESERVE`;
  if (alarm === null) return [`CREATE EVENT ${name} ${schedule} DO ALTER USER ${account(loginName)} ACCOUNT LOCK`];
  // Altered in one step: between a drop and a new one it would have no end of its own.
  return isSetFor(alarm, openUntil, tolerance) ? [] : [`ALTER EVENT ${name} ${schedule} ENABLE`];
}

function isSetFor({ at, status }: NonNullable<Switch>, openUntil: number, tolerance: number): boolean {
  if (at === null || status !== 'ENABLED') return false;
  const set = Date.parse(`${at.replace(' ', 'T')}Z`);
  return tolerance === 0 ? at === wholeSeconds(openUntil) : Math.abs(set - openUntil) <= tolerance;
}

/** Events go by whole seconds: the next one, for the gateway closes on time and this is for when it can't. */
const wholeSeconds = (ms: number) => new Date(Math.ceil(ms / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ');
