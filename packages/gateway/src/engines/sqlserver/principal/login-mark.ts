/**
 * The mark of a login. Logins can carry no extended property, and a table of ours on somebody's server is more than we
 * should leave there; but whoever makes a SQL login chooses its SID. So a login of ours says `TIDEGATE` in the first half,
 * and of which resource and grant it is in the second. Its name ends with the grant's id.
 */
import { createHash } from 'node:crypto';
import { grantId, personName } from '@tidegate/contract';
import type { Mark, PrincipalRef } from '../../provisioner.ts';

const BEGINNING = Buffer.from('TIDEGATE', 'latin1');
/** For a query: what the SID of a login of ours begins with. */
export const SID_BEGINNING = `0x${BEGINNING.toString('hex').toUpperCase()}`;

/** As a T-SQL binary literal, the way `CONVERT(…, 1)` writes it. */
export function sidOf(resource: string, grant: PrincipalRef['grant']): string {
  const which = createHash('sha256').update(`${resource}\0${grant}`).digest().subarray(0, 8);
  return `0x${Buffer.concat([BEGINNING, which]).toString('hex').toUpperCase()}`;
}

/**
 * The mark of a login without a user: made by a step that was killed before the user was. null: not this resource's. It
 * was never given anything, so what its role was does not matter.
 */
export function markOfLogin(resource: Mark['resource'], name: string, sid: string): Mark | null {
  const at = name.lastIndexOf('.');
  const grant = grantId.safeParse(name.slice(at + 1));
  const person = personName.safeParse(name.slice(0, Math.max(at, 0)));
  if (!grant.success || !person.success || sidOf(resource, grant.data) !== sid) return null;
  return {
    grant: grant.data,
    person: person.data,
    resource,
    privileges: 'read',
    since: null,
    until: null,
    loginName: name,
  };
}
