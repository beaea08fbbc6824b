/** From what is to what is wanted: the statements that are missing, as a pure function. */
import { postgres } from '@tidegate/wire';
import type { Actual, Membership } from './inspect.ts';
import { hasMembershipOptions, type Server } from './server.ts';

const { quoteIdent, quoteLiteral } = postgres;

/** A principal as it should be. */
export interface Wanted {
  readonly loginName: string;
  readonly login: boolean;
  /** Ms since the epoch on the server's clock. */
  readonly validUntil: number;
  /** Milliseconds that `validUntil` may be off: the clocks' difference is measured anew at each connect. */
  readonly tolerance: number;
  readonly connectionLimit: number;
  /** Never the password itself. */
  readonly verifier: string;
  readonly comment: string;
  /** The durable role it is a member of; null: of none. */
  readonly group: string | null;
  /** `own` works as the durable role (SET ROLE) and has nothing in its own name; the others inherit. */
  readonly how: 'inherit' | 'set';
  readonly settings: readonly Setting[];
  /** Where PUBLIC may not connect and nothing is inherited. */
  readonly connectTo: readonly string[];
}

export interface Setting {
  /** null: in all databases. */
  readonly database: string | null;
  readonly name: string;
  readonly value: string;
}

export interface Plan {
  /** One message, one transaction. */
  readonly statements: readonly string[];
  /** False when only the password is put again (it can't be read, and a person can change their own). */
  readonly changed: boolean;
}

/** @param actual null: it does not exist. */
export function plan(wanted: Wanted, actual: Actual | null, server: Server): Plan {
  const name = quoteIdent(wanted.loginName);
  const password = `PASSWORD ${quoteLiteral(wanted.verifier)}`;
  if (actual === null) {
    const options = [...attributes(wanted, null), password].join(' ');
    return {
      statements: [
        `CREATE ROLE ${name} ${options}`,
        `COMMENT ON ROLE ${name} IS ${quoteLiteral(wanted.comment)}`,
        ...around(wanted, NOTHING, server),
      ],
      changed: true,
    };
  }
  const differing = attributes(wanted, actual);
  const rest = [
    ...(actual.comment === wanted.comment ? [] : [`COMMENT ON ROLE ${name} IS ${quoteLiteral(wanted.comment)}`]),
    ...around(wanted, actual, server),
  ];
  return {
    statements: [`ALTER ROLE ${name} ${[...differing, password].join(' ')}`, ...rest],
    changed: differing.length + rest.length > 0,
  };
}

const NOTHING: Pick<Actual, 'memberships' | 'members' | 'settings' | 'connects'> = {
  memberships: [],
  members: [],
  settings: [],
  connects: [],
};

function attributes(wanted: Wanted, actual: Actual | null): string[] {
  const inherit = wanted.how === 'inherit';
  const until = actual?.valid_until ?? null;
  const options: string[] = [];
  if (actual?.can_login !== wanted.login) options.push(wanted.login ? 'LOGIN' : 'NOLOGIN');
  if (actual?.inherit !== inherit) options.push(inherit ? 'INHERIT' : 'NOINHERIT');
  if (actual?.connection_limit !== wanted.connectionLimit) options.push(`CONNECTION LIMIT ${wanted.connectionLimit}`);
  if (until === null || Math.abs(until - wanted.validUntil) > wanted.tolerance) {
    options.push(`VALID UNTIL ${quoteLiteral(timestamp(wanted.validUntil))}`);
  }
  return options;
}

/** Everything about the role that is not in its own row: memberships both ways, settings, CONNECT. */
function around(wanted: Wanted, actual: typeof NOTHING, server: Server): string[] {
  const name = quoteIdent(wanted.loginName);
  const statements: string[] = [];
  const isWanted = (m: Membership) =>
    m.role === wanted.group &&
    (!hasMembershipOptions(server) || (m.inherit === (wanted.how === 'inherit') && m.set === (wanted.how === 'set')));
  for (const extra of actual.memberships.filter((m) => !isWanted(m))) {
    statements.push(revokeMembership(extra.role, wanted.loginName, extra, server));
  }
  const { group } = wanted;
  if (group !== null && !actual.memberships.some(isWanted)) statements.push(grantMembership(wanted, group, server));
  // Before 16 a session may give its own role to others. Nobody else gets in that way.
  const others = hasMembershipOptions(server) ? [] : actual.members;
  for (const other of others.filter((m) => m.role !== server.administrator)) {
    statements.push(revokeMembership(wanted.loginName, other.role, other, server));
  }
  for (const setting of wanted.settings) {
    if (hasSetting(actual, setting)) continue;
    const where = setting.database === null ? '' : ` IN DATABASE ${quoteIdent(setting.database)}`;
    statements.push(`ALTER ROLE ${name}${where} SET ${quoteIdent(setting.name)} = ${quoteLiteral(setting.value)}`);
  }
  for (const database of wanted.connectTo) {
    if (!actual.connects.includes(database)) {
      statements.push(`GRANT CONNECT ON DATABASE ${quoteIdent(database)} TO ${name}`);
    }
  }
  return statements;
}

function grantMembership(wanted: Wanted, group: string, server: Server): string {
  const how = wanted.how === 'inherit' ? 'INHERIT TRUE, SET FALSE' : 'INHERIT FALSE, SET TRUE';
  const options = hasMembershipOptions(server) ? ` WITH ${how}` : '';
  return `GRANT ${quoteIdent(group)} TO ${quoteIdent(wanted.loginName)}${options}`;
}

/** From 16 on memberships stand apart by who gave them, and a REVOKE takes back only its own grantor's. */
export function revokeMembership(group: string, member: string, given: Membership, server: Server): string {
  const by = hasMembershipOptions(server) && given.grantor !== null ? ` GRANTED BY ${quoteIdent(given.grantor)}` : '';
  return `REVOKE ${quoteIdent(group)} FROM ${quoteIdent(member)}${by}`;
}

export function revokeConnect(database: string, loginName: string): string {
  return `REVOKE CONNECT ON DATABASE ${quoteIdent(database)} FROM ${quoteIdent(loginName)}`;
}

function hasSetting(actual: Pick<Actual, 'settings'>, wanted: Setting): boolean {
  return actual.settings.some(
    ({ database, config }) => database === wanted.database && config.includes(`${wanted.name}=${wanted.value}`),
  );
}

const timestamp = (ms: number) => new Date(ms).toISOString();
