/** From what is to what is wanted: the statements that are missing, as pure functions. */
import { type Login, MARK_PROPERTY, type User } from './inspect.ts';
import type { Powers } from './powers.ts';
import { quoteName, quoteText } from './quote.ts';

/** A principal as it should be in one database. */
export interface Wanted {
  readonly loginName: string;
  /** May it connect? */
  readonly open: boolean;
  readonly mark: string;
  readonly powers: Powers;
}

/** How a user that is to be made proves who it is: by a password of its own (contained), or by the login of its name. */
export type Proof = { readonly password: string } | 'login';

/** In one transaction: it is never there without its mark, nor able to connect before its time. */
export function creation(wanted: Wanted, proof: Proof): string[] {
  const name = quoteName(wanted.loginName);
  const how = proof === 'login' ? `FOR LOGIN ${name} WITH` : `WITH PASSWORD = ${quoteText(proof.password)},`;
  return [
    `CREATE USER ${name} ${how} DEFAULT_SCHEMA = [dbo]`,
    // CREATE USER gives CONNECT.
    ...(wanted.open ? [] : [`DENY CONNECT TO ${name}`]),
    property('add', wanted),
    ...powers(wanted, { roles: [], granted: new Set(), denied: new Set() }),
  ];
}

/** Empty: it is as wanted, but for its password, which can't be read. */
export function changes(wanted: Wanted, actual: User): string[] {
  const name = quoteName(wanted.loginName);
  const connects = actual.granted.has('CONNECT') && !actual.denied.has('CONNECT');
  const barred = actual.denied.has('CONNECT');
  return [
    ...(wanted.open || barred ? [] : [`DENY CONNECT TO ${name}`]),
    ...(actual.mark === wanted.mark ? [] : [property(actual.mark === null ? 'add' : 'update', wanted)]),
    ...powers(wanted, actual),
    // Last: what it may do is right before it may come in. GRANT takes a DENY of ours away.
    ...(wanted.open && !connects ? [`GRANT CONNECT TO ${name}`] : []),
  ];
}

function property(how: 'add' | 'update', { loginName, mark }: Wanted): string {
  const at = `@level0type = N'USER', @level0name = ${quoteText(loginName)}`;
  return `EXEC sys.sp_${how}extendedproperty @name = ${quoteText(MARK_PROPERTY)}, @value = ${quoteText(mark)}, ${at}`;
}

function powers(wanted: Wanted, actual: Pick<User, 'roles' | 'granted' | 'denied'>): string[] {
  const name = quoteName(wanted.loginName);
  const { roles, granted, denied } = wanted.powers;
  return [
    ...actual.roles.filter((role) => !roles.includes(role)).map((role) => leave(role, wanted.loginName)),
    ...denied
      .filter((permission) => !actual.denied.has(permission))
      .map((permission) => `DENY ${permission} TO ${name}`),
    ...roles
      .filter((role) => !actual.roles.includes(role))
      .map((role) => `ALTER ROLE ${quoteName(role)} ADD MEMBER ${name}`),
    ...granted
      .filter((permission) => !actual.granted.has(permission))
      .map((permission) => `GRANT ${permission} TO ${name}`),
  ];
}

export const leave = (role: string, member: string): string =>
  `ALTER ROLE ${quoteName(role)} DROP MEMBER ${quoteName(member)}`;

export const userPassword = (loginName: string, password: string): string =>
  `ALTER USER ${quoteName(loginName)} WITH PASSWORD = ${quoteText(password)}`;

/**
 * Two batches: should the second not come, nobody but gateways knows the password, and it is a user nowhere. The password
 * is random, so the server's policy (complexity, age, locking out whoever is guessed at) has nothing to add.
 */
export function loginCreation(loginName: string, password: string, sid: string, database: string): string {
  const options = `SID = ${sid}, DEFAULT_DATABASE = ${quoteName(database)}, CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF`;
  return `CREATE LOGIN ${quoteName(loginName)} WITH PASSWORD = ${quoteText(password)}, ${options}`;
}

export const loginPassword = (loginName: string, password: string): string =>
  `ALTER LOGIN ${quoteName(loginName)} WITH PASSWORD = ${quoteText(password)}`;

/** null: it is as wanted. */
export function loginSwitch(loginName: string, open: boolean, actual: Pick<Login, 'disabled'>): string | null {
  if (actual.disabled !== open) return null;
  return `ALTER LOGIN ${quoteName(loginName)} ${open ? 'ENABLE' : 'DISABLE'}`;
}
