/** Who is calling, and what they must be. */
import { ADMINISTRATORS, AUDITORS } from '@tidegate/config';
import type { KeyScope } from '@tidegate/contract';
import type { ApiKeyId, GroupName, Person, PersonName } from '@tidegate/core';

/** One signed-in call. */
export interface Caller extends Person {
  readonly name: PersonName;
  readonly groups: readonly GroupName[];
  /** SHA-256 of the bearer token: which login this is. */
  readonly login: Buffer;
  readonly loginExpiresAt: Temporal.Instant;
  /** When a second factor was last shown on this login. */
  readonly mfaAt: Temporal.Instant | null;
  /** Where the call comes from. */
  readonly address: string;
  /** Set when the call came with an API key instead of a login: which one, and what it is for. */
  readonly key?: { readonly id: ApiKeyId; readonly scopes: readonly KeyScope[] };
}

export const isAdministrator = (person: Person): boolean => person.groups.includes(ADMINISTRATORS);
export const isAuditor = (person: Person): boolean => person.groups.includes(AUDITORS);
/** May look at everything. */
export const seesAll = (person: Person): boolean => isAdministrator(person) || isAuditor(person);
