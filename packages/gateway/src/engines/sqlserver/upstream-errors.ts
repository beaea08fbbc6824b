/** Errors of the real server while a session is opened, as far as the client may see them. */
import type { sqlserver } from '@tidegate/wire';
import { LoginRefused } from '../../relay/refusal.ts';
import { ServerLost, withoutAddresses } from '../../relay/upstream.ts';
import type { RelayResource } from '../../worker-protocol.ts';
import { engineCode } from './errors.ts';

/**
 * About who the gateway is and where it comes from: login failed, account locked, disabled or expired, the database not
 * open to the login, an address that a firewall rule of Azure's keeps out. The operator's to mend.
 */
const OPERATORS: ReadonlySet<number> = new Set([
  4060, 18450, 18452, 18456, 18461, 18462, 18463, 18470, 18486, 18487, 18488, 40532, 40615, 47073,
]);

/** The rest (too many sessions, the database is starting …) is for the person, less any address in it. */
export function refusedByServer(
  resource: RelayResource,
  loginName: string,
  errors: readonly sqlserver.ServerMessage[],
): LoginRefused {
  const [first] = errors;
  const cause = new ServerLost(errors.map(({ number, message }) => `${number}: ${message}`).join('; '));
  if (first === undefined || errors.some(({ number }) => OPERATORS.has(number))) {
    return new LoginRefused(
      'database_refused',
      `the database of ${resource.name} does not let the principal ${loginName} in`,
      { next: 'If the grant has just begun, try again in a moment; else tell an administrator.', cause },
    );
  }
  return new LoginRefused('database_refused', `the database says: ${withoutAddresses(first.message, resource)}`, {
    engineCode: engineCode(first),
    cause,
  });
}

/** It was sent on and on, or to nowhere. */
export function lostItsWay(resource: RelayResource, what: string): LoginRefused {
  return new LoginRefused('database_unreachable', `the database of ${resource.name} cannot be reached`, {
    next: 'Try again in a moment; if it lasts, tell an administrator.',
    cause: new ServerLost(what),
  });
}
