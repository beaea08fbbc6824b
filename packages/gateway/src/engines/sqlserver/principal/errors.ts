/** What SQL Server says, by error number. */
import type { ProvisionError } from '../../provisioner.ts';
import { codeOf, explainedBy, PERSON, unreachable, type Where, type Words } from '../../words.ts';

export { codeOf, type Where };

const quoted = (name: string) => JSON.stringify(name);
const busy = (operator: Words['operator']): Words => ({ person: PERSON.busy, operator });
const lacking: Words = {
  person: PERSON.lacking,
  operator: ({ user, database }) =>
    `The administrator ${quoted(user)} lacks a permission for this in database ${quoted(database)}.`,
};
const refused: Words = {
  person: PERSON.refused,
  operator: ({ user, database }) =>
    `The server does not let the administrator ${quoted(user)} in to database ${quoted(database)}: wrong password, disabled, or no user there.`,
};
const weak: Words = {
  person: 'The database refuses the password of a user that Tidegate makes.',
  operator: ({ address }) =>
    `The password policy of ${address} refuses a generated password (36 characters of four kinds). Relax it for contained users.`,
};

const BY_NUMBER: Readonly<Record<string, Words>> = {
  no_tls: {
    person: PERSON.untrusted,
    operator: ({ address }) =>
      `${address} does not offer TLS. Give it a certificate, or set the resource's tls.mode to disable if the network between is your own.`,
  },
  token: {
    person: PERSON.refused,
    operator: ({ address }) => `No Entra ID token could be had for ${address}.`,
  },
  '18456': refused,
  '18470': refused,
  '916': refused,
  '4060': {
    person: PERSON.missing,
    operator: ({ user, database }) =>
      `Database ${quoted(database)} does not exist, or ${quoted(user)} may not open it. Correct the resource's list of databases, or make it a user there.`,
  },
  '911': {
    person: PERSON.missing,
    operator: ({ database }) =>
      `Database ${quoted(database)} does not exist. Correct the resource's list of databases.`,
  },
  '40615': {
    person: PERSON.unreachable,
    operator: ({ address }) =>
      `The firewall of ${address} does not let this gateway in: add a rule for its address, or a private endpoint.`,
  },
  '15517': {
    person: PERSON.lacking,
    operator: ({ database }) =>
      `Tidegate cannot act as dbo in database ${quoted(database)}: its owner is a login that no longer exists (usual after a restore), or the administrator is not in db_owner. Run ALTER AUTHORIZATION ON DATABASE::[…] TO [sa], or ALTER ROLE [db_owner] ADD MEMBER for it.`,
  },
  '229': lacking,
  '230': lacking,
  '262': lacking,
  '297': lacking,
  '300': lacking,
  '6102': lacking,
  '15151': lacking,
  '15247': lacking,
  '15116': weak,
  '15117': weak,
  '15118': weak,
  '15119': weak,
  '40632': weak,
  '3609': {
    person: 'A trigger in the database refuses this.',
    operator: ({ database }) =>
      `A DDL trigger of database ${quoted(database)} rolled the change back. SELECT name FROM sys.triggers WHERE parent_class = 0 lists them: let it pass changes of users, or disable it.`,
  },
  '1205': busy(() => 'The change lost a deadlock.'),
  '1222': busy(() => 'A lock that is needed is held by another session.'),
  '3960': busy(() => 'Another session changed the same rows.'),
  '10928': busy(({ address }) => `${address} has no connection left for this database.`),
  '10929': busy(({ address }) => `${address} has no connection left for this database.`),
  '40501': busy(({ address }) => `${address} is throttled.`),
  '15434': busy(() => 'A session of the login is still ending.'),
  '1105': busy(({ database }) => `The disk of database ${quoted(database)} is full.`),
  '9002': busy(({ database }) => `The transaction log of database ${quoted(database)} is full.`),
  '40197': unreachable('the service is being moved'),
  '40613': unreachable('the database is not available now (it may be resuming)'),
  '49918': unreachable('the service is too busy'),
  '17142': unreachable('the server is paused'),
  '6005': unreachable('the server is shutting down'),
  '3906': {
    person: PERSON.readOnly,
    operator: ({ address }) => `${address} is read-only: principals are made on the primary.`,
  },
  '978': {
    person: PERSON.readOnly,
    operator: ({ address }) => `${address} is a secondary replica: principals are made on the primary.`,
  },
};

const nameOf = (code: string) => (/^\d+$/.test(code) ? `error ${code}` : null);

/** Wraps whatever a step ended with; a `ProvisionError` stays what it is. Server words go to `detail` only. */
export const explained = (cause: unknown, where: Where): ProvisionError => explainedBy(BY_NUMBER, nameOf, cause, where);

/** 15023, 15025: made by somebody else meanwhile; 15007, 15151: gone meanwhile; 15233, 15217: its mark made or gone. */
const CONCURRENT = new Set(['1205', '3960', '15023', '15025', '15007', '15151', '15233', '15217', '6106']);

/** Somebody else changed the same principal at the same moment (another reconciler, a DBA): look again and go on. */
export const isConcurrentChange = (error: unknown) => CONCURRENT.has(codeOf(error));

/**
 * Numbers that trying again soon won't change: it owns something (15138, 15421), runs something (15136), gave something
 * (15284, 15173), owns a database or a job (15174, 15170), or we may not (15151, 15247, 229, 262).
 */
const STAYS_AS_IT_IS = new Set([
  '15138',
  '15421',
  '15136',
  '15284',
  '15173',
  '15141',
  '15174',
  '15170',
  '15151',
  '15247',
  '229',
  '262',
]);
export const staysAsItIs = (error: unknown) => STAYS_AS_IT_IS.has(codeOf(error));
