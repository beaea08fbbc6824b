/** What MySQL and MariaDB say, by error number. */
import type { ProvisionError } from '../../provisioner.ts';
import { codeOf, explainedBy, PERSON, unreachable, type Where, type Words } from '../../words.ts';

export { codeOf, type Where };

const quoted = (name: string) => JSON.stringify(name);
const busy = (operator: Words['operator']): Words => ({ person: PERSON.busy, operator });
const lacking: Words = {
  person: PERSON.lacking,
  operator: ({ user }) =>
    `The administrator ${quoted(user)} lacks a privilege for this; the health of the resource says which.`,
};
const refused: Words = {
  person: PERSON.refused,
  operator: ({ user }) =>
    `The server does not let the administrator ${quoted(user)} in: wrong password, locked, or no account for this gateway's address.`,
};
const readOnly: Words = {
  person: PERSON.readOnly,
  operator: ({ address }) => `${address} is read-only: principals are made on the primary.`,
};

const BY_NUMBER: Readonly<Record<string, Words>> = {
  no_tls: {
    person: PERSON.untrusted,
    operator: ({ address }) =>
      `${address} does not offer TLS. Give it a certificate (ssl_cert, ssl_key), or set the resource's tls.mode to disable if the network between is your own.`,
  },
  '1045': refused,
  '1130': refused,
  '1698': refused,
  '3118': refused,
  '4151': refused,
  '1129': {
    person: PERSON.refused,
    operator: ({ address }) => `${address} has blocked this gateway's address after too many errors: run FLUSH HOSTS.`,
  },
  '1044': lacking,
  '1142': lacking,
  '1227': lacking,
  '1370': lacking,
  '1410': lacking,
  '1040': busy(({ address }) => `${address} has no connection left (max_connections).`),
  '1203': busy(({ user }) => `${quoted(user)} has no connection left (max_user_connections).`),
  '1226': busy(({ user }) => `${quoted(user)} has used up what it may in an hour.`),
  '1205': busy(() => 'A lock that is needed is held by another session.'),
  '1213': busy(() => 'The change lost a deadlock.'),
  '1969': busy(({ address }) => `${address} did not finish a statement in time.`),
  '3024': busy(({ address }) => `${address} did not finish a statement in time.`),
  '1021': busy(({ address }) => `The disk of ${address} is full.`),
  '1114': busy(({ address }) => `A table of ${address} is full.`),
  '1053': unreachable('the server is shutting down'),
  '1077': unreachable('the server is shutting down'),
  '1927': unreachable('the server ended the connection'),
  '1290': readOnly,
  '1836': readOnly,
  '1819': {
    person: 'The database refuses the password of a user that Tidegate makes.',
    operator: ({ address }) =>
      `${address} wants to see passwords itself: run SET GLOBAL strict_password_validation = OFF. Tidegate sends hashes of random ones only.`,
  },
};

const nameOf = (code: string) => (/^\d+$/.test(code) ? `error ${code}` : null);

/** Wraps whatever a step ended with; a `ProvisionError` stays what it is. Server words go to `detail` only. */
export const explained = (cause: unknown, where: Where): ProvisionError => explainedBy(BY_NUMBER, nameOf, cause, where);

/**
 * Somebody else changed the same thing at the same moment: 1396 (account there, or gone), 1537 and 1539 (event), 1062 (row),
 * 1094 (session gone), 1213 and 1205 (locks), 1007 and 1050 (database, table there), 1141 and 1147 (nothing to revoke),
 * 1304, 1305, 1359, 1360, 1146 (routine, trigger, view there or gone).
 */
const CONCURRENT = new Set([
  '1396',
  '1537',
  '1539',
  '1062',
  '1094',
  '1213',
  '1205',
  '1007',
  '1050',
  '1141',
  '1147',
  '1304',
  '1305',
  '1359',
  '1360',
  '1146',
]);
export const isConcurrentChange = (error: unknown) => CONCURRENT.has(codeOf(error));

/** Numbers that trying again soon won't change: a privilege, or (4006) it is still a definer. */
const STAYS_AS_IT_IS = new Set(['1044', '1142', '1227', '1370', '1410', '1419', '4006']);
export const staysAsItIs = (error: unknown) => STAYS_AS_IT_IS.has(codeOf(error));
