/** Errors of the real server while a session is opened, as far as the client may see them. */
import type { Buffer } from 'node:buffer';
import { postgres } from '@tidegate/wire';
import type { Permit } from '../../relay/admit.ts';
import { LoginRefused } from '../../relay/refusal.ts';
import { ServerLost, withoutAddresses } from '../../relay/upstream.ts';

/**
 * What the server refused. Errors about who the gateway is and where it comes from (class 28) are the operator's;
 * the rest (too many connections, unknown setting, starting up …) is for the person, less any address in it.
 */
export function refusedByServer(permit: Permit, body: Buffer): LoginRefused {
  const error = postgres.readErrorResponse(body);
  const cause = new ServerLost(`${error.code}: ${error.message}`);
  const { resource, grant } = permit;
  if (error.code.startsWith('28')) {
    return new LoginRefused(
      'database_refused',
      `the database of ${resource.name} does not let the principal of grant ${grant.id} in`,
      { next: 'If the grant has just begun, try again in a moment; else tell an administrator.', cause },
    );
  }
  return new LoginRefused('database_refused', `the database says: ${withoutAddresses(error.message, resource)}`, {
    next: error.hint === undefined ? '' : withoutAddresses(error.hint, resource),
    engineCode: error.code,
    cause,
  });
}
