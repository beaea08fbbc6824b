/**
 * What each kind of role is given in a database, and why an owner is no db_owner.
 *
 * - `db_owner` holds ALTER ANY USER and ALTER ANY ROLE: whoever has it can make themselves a user that outlives every
 *   grant. `db_ddladmin` holds neither, and can't write extended properties on users, so it can't touch our mark.
 * - `EXECUTE` and `VIEW DEFINITION` are what an owner misses beside it: `db_ddladmin` changes procedures but can't run them.
 * - DDL triggers run with the rights of whoever changes the schema, us and the operator's own people. So they are denied,
 *   and DENY wins over what the role gives.
 *
 * What remains: in schemas of dbo, `EXECUTE AS OWNER` lets who may write procedures act as dbo, within that database. An
 * operator who wants less gives a database role of their own (`ownerRole`) that owns its schemas: modules of a role can't
 * run AS OWNER. Then membership in it is all that an owner has.
 */
import type { Kind } from '../../provisioner.ts';

export interface Powers {
  readonly roles: readonly string[];
  /** On the database. */
  readonly granted: readonly string[];
  readonly denied: readonly string[];
}

const READ = ['db_datareader'];
const WRITE = [...READ, 'db_datawriter'];
const NO_TRIGGERS = ['ALTER ANY DATABASE DDL TRIGGER'];

export function powersOf(kind: Kind, ownerRole: string | null): Powers {
  switch (kind) {
    case 'read':
      return { roles: READ, granted: [], denied: [] };
    case 'write':
      return { roles: WRITE, granted: [], denied: [] };
    // Permissions alone, by name, and no role: see lines/.
    case 'lines':
      return { roles: [], granted: [], denied: [] };
    case 'own':
      return ownerRole === null
        ? { roles: [...WRITE, 'db_ddladmin'], granted: ['EXECUTE', 'VIEW DEFINITION'], denied: NO_TRIGGERS }
        : { roles: [ownerRole], granted: [], denied: NO_TRIGGERS };
  }
}

/** Who gets what a principal leaves: only an owner can have made anything; what others own was given to them by hand. */
export const heirOf = (kind: Kind, ownerRole: string | null): string =>
  kind === 'own' && ownerRole !== null ? ownerRole : 'dbo';

/** Roles that an `ownerRole` must not be: with them a person makes themselves a way in that outlives the grant. */
export const TOO_POWERFUL: readonly string[] = ['db_owner', 'db_securityadmin', 'db_accessadmin'];
