/**
 * One line of what a role of your own may do, on one engine: privileges, and the tables, schema, sequence or routine they
 * are for. Names are as the database has them; what is written (`grammar.ts`) says the same in people's words.
 */

/** A name in a schema; in MySQL the schema is the database. */
export interface Qualified {
  readonly schema: string;
  readonly name: string;
}

export interface LinePrivilege {
  /** In capitals: `SELECT`, `SHOW VIEW`. */
  readonly name: string;
  /** Of each of the line's tables; null: on the whole. */
  readonly columns: readonly string[] | null;
}

export type GrantTarget =
  /** Tables and views. */
  | { readonly on: 'tables'; readonly tables: readonly Qualified[] }
  | { readonly on: 'all-tables'; readonly schema: string }
  | { readonly on: 'schema'; readonly schema: string }
  | { readonly on: 'sequences'; readonly sequences: readonly Qualified[] }
  | {
      readonly on: 'routine';
      readonly routine: 'function' | 'procedure';
      readonly name: Qualified;
      /** The types of its arguments, where the engine tells routines apart by them (PostgreSQL); else null. */
      readonly args: readonly string[] | null;
    };

export interface GrantLine {
  readonly privileges: readonly LinePrivilege[];
  readonly target: GrantTarget;
  /** null: in each of the resource's databases that has what the line names. In MySQL the schema says it. */
  readonly database: string | null;
}

/** A table or view, as somebody names it to narrow a role to it. */
export interface TableRef extends Qualified {
  /** null: in each of the resource's databases that has it. */
  readonly database: string | null;
}

export const sameTable = (a: Qualified, b: Qualified): boolean => a.schema === b.schema && a.name === b.name;
