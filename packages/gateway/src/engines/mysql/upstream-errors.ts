/** Errors of the real server while a session is opened, as far as the client may see them. */
import { mysql } from '@tidegate/wire';
import { LoginRefused } from '../../relay/refusal.ts';
import { ServerLost, withoutAddresses } from '../../relay/upstream.ts';
import type { RelayResource } from '../../worker-protocol.ts';
import { engineCode } from './errors.ts';

/**
 * About who the gateway is and where it comes from: access denied (also without password, and 1698 of MariaDB's), host
 * not privileged or blocked, account locked (MySQL's and MariaDB's number), TLS demanded. The operator's to mend.
 */
const OPERATORS: ReadonlySet<number> = new Set([1045, 1129, 1130, 1251, 1524, 1698, 3118, 3159, 4151]);

/** The rest (too many connections, unknown database …) is for the person, less any address in it. */
export function refusedByServer(resource: RelayResource, loginName: string, body: Uint8Array): LoginRefused {
  const error = mysql.readError(body);
  const cause = new ServerLost(`${error.number} (${error.state}): ${error.message}`);
  if (OPERATORS.has(error.number)) {
    return new LoginRefused(
      'database_refused',
      `the database of ${resource.name} does not let the principal ${loginName} in`,
      { next: 'If the grant has just begun, try again in a moment; else tell an administrator.', cause },
    );
  }
  return new LoginRefused('database_refused', `the database says: ${withoutAddresses(error.message, resource)}`, {
    engineCode: engineCode(error),
    cause,
  });
}

/** It asked for the password in a way in which anybody could collect it, or in one that is not spoken here. */
export function unacceptable(resource: RelayResource, what: string): LoginRefused {
  return new LoginRefused(
    'database_refused',
    `the database of ${resource.name} does not take the principal's login as it must`,
    {
      next: 'Tell an administrator: principals log in by caching_sha2_password (inside TLS) or mysql_native_password.',
      cause: new ServerLost(what),
    },
  );
}

/** The client chose by what it was offered before anybody knew which server it wanted (`offer.ts`). */
export function promisedTooMuch(resource: RelayResource, flags: string): LoginRefused {
  return new LoginRefused(
    'not_supported',
    `the database of ${resource.name} lacks what this connection was offered (${flags})`,
    { next: 'Connect again; if it lasts, tell an administrator: the server is older than MySQL 5.7 or MariaDB 10.2.' },
  );
}
