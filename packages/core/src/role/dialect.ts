/**
 * What may be given on what, by engine, and what never is: whatever would let a role out of what it lists. Only what
 * stands here is ever granted; a word that does not is refused when the configuration is read (issue 4: custom roles).
 */
import type { Engine } from '../engines.ts';
import type { Level } from '../model.ts';
import type { GrantTarget } from './grant-line.ts';

type On = GrantTarget['on'];

export interface Dialect {
  /** What opens a quoted name, and what closes it; doubled, it stands for itself. */
  readonly quotes: readonly (readonly [open: string, close: string])[];
  /** Unquoted names are read in small letters. */
  readonly folds: boolean;
  readonly allowed: Readonly<Record<On, readonly string[]>>;
  /** Of the privileges on tables, those that can be given for some columns. */
  readonly byColumn: readonly string[];
  /** Routines are told apart by the types of their arguments. */
  readonly signatures: boolean;
  /** The system's own schemas: what stands there lets whoever reads it out of everything else. */
  readonly system: RegExp;
  /** A schema is a database: a line can't say `IN DATABASE`. */
  readonly schemaIsDatabase: boolean;
  /** What a reader and an editor may do with a table, for requests that are narrowed to some. */
  readonly onTable: Readonly<Record<Exclude<Level, 'own'>, readonly string[]>>;
}

const ROWS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

export const DIALECTS: Readonly<Record<Engine, Dialect>> = {
  postgres: {
    quotes: [['"', '"']],
    folds: true,
    allowed: {
      tables: [...ROWS, 'TRUNCATE'],
      'all-tables': [...ROWS, 'TRUNCATE'],
      schema: ['USAGE'],
      sequences: ['USAGE', 'SELECT', 'UPDATE'],
      routine: ['EXECUTE'],
    },
    byColumn: ['SELECT', 'INSERT', 'UPDATE'],
    signatures: true,
    system: /^(pg_.*|information_schema)$/s,
    schemaIsDatabase: false,
    onTable: { read: ['SELECT'], write: ROWS },
  },
  mysql: {
    quotes: [['`', '`']],
    folds: false,
    allowed: {
      tables: [...ROWS, 'SHOW VIEW'],
      'all-tables': [...ROWS, 'SHOW VIEW'],
      schema: [],
      sequences: [],
      routine: ['EXECUTE'],
    },
    byColumn: ['SELECT', 'INSERT', 'UPDATE'],
    signatures: false,
    system: /^(mysql|sys|information_schema|performance_schema|tidegate)$/i,
    schemaIsDatabase: true,
    onTable: { read: ['SELECT', 'SHOW VIEW'], write: [...ROWS, 'SHOW VIEW'] },
  },
  sqlserver: {
    quotes: [
      ['[', ']'],
      ['"', '"'],
    ],
    folds: false,
    allowed: {
      tables: ROWS,
      'all-tables': ROWS,
      schema: [...ROWS, 'EXECUTE'],
      sequences: ['UPDATE'],
      routine: ['EXECUTE'],
    },
    byColumn: ['SELECT', 'UPDATE'],
    signatures: false,
    system: /^(sys|information_schema)$/i,
    schemaIsDatabase: false,
    onTable: { read: ['SELECT'], write: ROWS },
  },
};

const MAKES = 'whoever makes things owns them or runs code as others; give the owner role for that';
const SERVER = 'it reaches beyond the role’s tables to the whole server';
const AS_OTHERS = 'it is a way to become somebody else';

/** Why some are never given; by their first word. Whatever else is not in a dialect is not known, and refused as well. */
const NEVER: Readonly<Record<string, string>> = {
  ALL: 'it would give what nobody has listed; list the privileges',
  ADMINISTER: SERVER,
  ALTER: MAKES,
  AUTHENTICATE: AS_OTHERS,
  BACKUP: SERVER,
  BINLOG: SERVER,
  CONNECTION: SERVER,
  CONTROL: 'it holds every privilege, and may give them on',
  CREATE: MAKES,
  DROP: MAKES,
  EVENT: 'events run when the grant is over',
  FILE: 'it reads and writes the server’s own files',
  GRANT: 'what is given for a while must not be given on',
  IMPERSONATE: AS_OTHERS,
  INDEX: MAKES,
  LOCK: 'it can hold up everybody else',
  MAINTAIN: 'it can hold up everybody else',
  PROCESS: SERVER,
  PROXY: AS_OTHERS,
  REFERENCES: 'it is of use only to those who make tables',
  RELOAD: SERVER,
  REPLICATION: SERVER,
  SET: AS_OTHERS,
  SHUTDOWN: SERVER,
  SUPER: SERVER,
  TAKE: 'the owner of a thing may do everything with it',
  TRIGGER: 'a trigger runs as whoever changes the table next',
};

export const whyNever = (privilege: string): string | null => NEVER[privilege.split(' ')[0] ?? ''] ?? null;
