/** The names that a resource brings: its databases, and the durable account that owns what owners make. */

import type { DesiredResource } from '@tidegate/contract';
import { ENGINES, nameLength } from '@tidegate/core';
import { fitted } from '../../fitted.ts';
import { ProvisionError } from '../../provisioner.ts';
import { account, NAME_MAX, USER_MAX } from './quote.ts';

/** Where Tidegate keeps its marks; nobody's grant reaches it. */
export const LEDGER = 'tidegate';

/** Whoever may write in one of these could make themselves anything. */
const SYSTEM = new Set([LEDGER, 'mysql', 'sys', 'information_schema', 'performance_schema']);

/** The durable account: definer of what owners make. */
export interface Owner {
  readonly user: string;
  readonly host: string;
  /** False: the account is the operator's (`ownerRole`); we use it and give it nothing. */
  readonly isOurs: boolean;
}

/** `ownerRole` names an account: `shop_app`, or `shop_app@10.0.%`. Accounts belong to the server, so ours holds the resource's name. */
export function ownerOf({ name, ownerRole }: Pick<DesiredResource, 'name' | 'ownerRole'>): Owner {
  if (ownerRole === null) return { user: fitted(name, 'owner', USER_MAX), host: '%', isOurs: true };
  const at = ownerRole.lastIndexOf('@');
  if (at <= 0) return { user: ownerRole, host: '%', isOurs: false };
  return { user: ownerRole.slice(0, at), host: ownerRole.slice(at + 1), isOurs: false };
}

export const ownerAccount = ({ user, host }: Owner) => account(user, host);

/** @throws ProvisionError for what MySQL cannot have, or would be dangerous to give away. */
export function assertNames({ databases }: Pick<DesiredResource, 'databases'>, owner: Owner): void {
  for (const database of databases) {
    assertName('database', database, NAME_MAX);
    if (SYSTEM.has(database.toLowerCase())) throw systemDatabase(database);
  }
  assertName('owner role', owner.user, owner.isOurs ? USER_MAX : 128);
}

export const assertLogin = (loginName: string) => assertName('principal', loginName, USER_MAX);

function assertName(what: string, name: string, max: number): void {
  const length = nameLength(name, ENGINES.mysql);
  if (length > 0 && length <= max && !name.includes('\0') && name.isWellFormed() && !/\s$/.test(name)) return;
  throw new ProvisionError(
    `The configuration names a ${what} that MySQL cannot have.`,
    'name',
    `The name of the ${what} must be 1 to ${max} characters and not end with a space: ${JSON.stringify(name)}.`,
  );
}

const systemDatabase = (database: string) =>
  new ProvisionError(
    'The configuration names a database that nobody can be given.',
    'name',
    `${JSON.stringify(database)} is a database of the server itself or of Tidegate: take it out of the resource's list.`,
  );
