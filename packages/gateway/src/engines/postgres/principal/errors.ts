/** What PostgreSQL says, by SQLSTATE. */
import type { ProvisionError } from '../../provisioner.ts';
import { codeOf, explainedBy, PERSON, unreachable, type Where, type Words } from '../../words.ts';

export { codeOf, type Where };

const quoted = (name: string) => JSON.stringify(name);

const BY_SQLSTATE: Readonly<Record<string, Words>> = {
  no_tls: {
    person: PERSON.untrusted,
    operator: ({ address }) =>
      `${address} does not offer TLS. Turn it on there (ssl = on), or set the resource's tls.mode to disable if the network between is your own.`,
  },
  '28P01': {
    person: PERSON.refused,
    operator: ({ user }) => `Password authentication failed for the administrator ${quoted(user)}.`,
  },
  '28000': {
    person: PERSON.refused,
    operator: ({ user, database }) =>
      `The server does not let the administrator ${quoted(user)} in to database ${quoted(database)}: the role must exist and have LOGIN, and pg_hba.conf must allow it from this gateway.`,
  },
  '3D000': {
    person: PERSON.missing,
    operator: ({ database }) =>
      `Database ${quoted(database)} does not exist. Correct the resource's list of databases.`,
  },
  '42501': {
    person: PERSON.lacking,
    operator: ({ user, database }) =>
      `The administrator ${quoted(user)} lacks a privilege for this in database ${quoted(database)}.`,
  },
  '53300': { person: PERSON.busy, operator: ({ address }) => `${address} has no connection left (max_connections).` },
  '53100': { person: PERSON.busy, operator: ({ address }) => `The disk of ${address} is full.` },
  '53200': { person: PERSON.busy, operator: ({ address }) => `${address} is out of memory or locks.` },
  '55P03': { person: PERSON.busy, operator: () => 'A lock that is needed is held by another session.' },
  '55006': { person: PERSON.busy, operator: () => 'An object that is needed is in use by another session.' },
  '57014': { person: PERSON.busy, operator: ({ address }) => `${address} did not finish a statement in time.` },
  '57P01': unreachable('the server ended the connection'),
  '57P02': unreachable('the server crashed'),
  '57P03': unreachable('the server is starting up or shutting down'),
  '25006': {
    person: PERSON.readOnly,
    operator: ({ address }) => `${address} is read-only: principals are made on the primary.`,
  },
};

/** Wraps whatever a step ended with; a `ProvisionError` stays what it is. Server words go to `detail` only. */
export const explained = (cause: unknown, where: Where): ProvisionError =>
  explainedBy(BY_SQLSTATE, (code) => (/^[0-9A-Z]{5}$/.test(code) ? `SQLSTATE ${code}` : null), cause, where);

/**
 * Somebody else changed the same catalog rows at the same moment (another reconciler, a DBA): look again and go on.
 * XX000 is what PostgreSQL answers to two GRANTs on one object ("tuple concurrently updated").
 */
export function isConcurrentChange(error: unknown): boolean {
  return ['XX000', '40001', '40P01', '23505', '42710', '42704', '42P01', '3F000', '42883'].includes(codeOf(error));
}
