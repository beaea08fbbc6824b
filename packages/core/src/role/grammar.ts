/**
 * Grant lines as people write them, close to each engine's own GRANT:
 *
 *   line      = privilege {"," privilege} "ON" target ["IN DATABASE" name]
 *   privilege = words ["(" column {"," column} ")"]
 *   target    = ["TABLE"] table {"," table} | "ALL TABLES IN SCHEMA" name | "SCHEMA" name
 *             | "SEQUENCE" name {"," name} | ("FUNCTION" | "PROCEDURE") name ["(" [type {"," type}] ")"]
 *
 * Every name below a database is written with its schema (in MySQL: its database): what a line means must not hang on
 * somebody's search path.
 */
import { ENGINES, type Engine, nameLength } from '../engines.ts';
import { anyOf } from '../words.ts';
import { DIALECTS, type Dialect, whyNever } from './dialect.ts';
import type { GrantLine, GrantTarget, LinePrivilege, Qualified, TableRef } from './grant-line.ts';
import { type LineProblem, NotALine, type Token, tokens } from './lexer.ts';

/** UTF-16 units of one line. */
export const GRANT_LINE_MAX = 2_000;

/** The line, or what is wrong with it and where. */
export function parseGrantLine(text: string, engine: Engine): GrantLine | LineProblem {
  return parsed(text, engine, (reader) => reader.line());
}

/** `sales.orders`, `sales.orders IN DATABASE archive`: the table, or what is wrong with it and where. */
export function parseTable(text: string, engine: Engine): TableRef | LineProblem {
  return parsed(text, engine, (reader) => reader.table());
}

export const isProblem = (parsed: object): parsed is LineProblem => 'message' in parsed;

function parsed<T>(text: string, engine: Engine, read: (reader: Reader) => T): T | LineProblem {
  if (text.length > GRANT_LINE_MAX) return { at: 0, message: `This is longer than ${GRANT_LINE_MAX} characters.` };
  try {
    return read(new Reader(text, engine));
  } catch (error) {
    if (error instanceof NotALine) return { at: error.at, message: error.message };
    throw error;
  }
}

/** `numeric(10, 2)`, `timestamp(3) with time zone`, `"Sales".money`, `text[]`. */
const TYPE = /^[\p{L}_"][\p{L}\p{N}_$ ."]*(\(\s*\d+\s*(,\s*\d+\s*)?\))?[\p{L} ]*(\[\])*$/u;

const TARGETS: Readonly<Record<GrantTarget['on'], string>> = {
  tables: 'a table',
  'all-tables': 'all tables of a schema',
  schema: 'a schema',
  sequences: 'a sequence',
  routine: 'a routine',
};

interface Named {
  readonly privilege: LinePrivilege;
  readonly at: number;
}

class Reader {
  readonly #text: string;
  readonly #engine: Engine;
  readonly #dialect: Dialect;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string, engine: Engine) {
    this.#text = text;
    this.#engine = engine;
    this.#dialect = DIALECTS[engine];
    this.#tokens = tokens(text, this.#dialect);
  }

  line(): GrantLine {
    const named = this.#list(() => this.#privilege());
    this.#expect('ON', 'ON and what it is for');
    const at = this.#peek().at;
    const target = this.#target();
    const database = this.#inDatabase();
    this.#noOption();
    this.#end();
    this.#assertAllowed(named, target, at);
    return { privileges: named.map(({ privilege }) => privilege), target, database };
  }

  table(): TableRef {
    const table = this.#qualified('table');
    const database = this.#inDatabase();
    this.#end();
    return { ...table, database };
  }

  #privilege(): Named {
    const first = this.#peek();
    const words: string[] = [];
    while (this.#peek().kind === 'word' && !this.#is('ON')) words.push(this.#take().text.toUpperCase());
    if (words.length === 0) throw new NotALine('A privilege is expected here, such as SELECT.', first.at);
    const name = words.join(' ');
    const why = whyNever(name);
    if (why !== null) throw new NotALine(`${name} is never given by a role: ${why}.`, first.at);
    return { privilege: { name, columns: this.#columns() }, at: first.at };
  }

  #columns(): string[] | null {
    if (!this.#skip('(')) return null;
    const columns = this.#list(() => this.#name('column'));
    this.#expect(')', ') after the columns');
    return columns;
  }

  #target(): GrantTarget {
    if (this.#keyword('ALL')) return this.#all();
    if (this.#keyword('SCHEMA')) return { on: 'schema', schema: this.#schema() };
    if (this.#keyword('SEQUENCE')) return { on: 'sequences', sequences: this.#list(() => this.#qualified('sequence')) };
    for (const routine of ['function', 'procedure'] as const) {
      if (this.#keyword(routine.toUpperCase())) return this.#routine(routine);
    }
    this.#keyword('TABLE');
    return { on: 'tables', tables: this.#list(() => this.#qualified('table')) };
  }

  /** All routines of a schema are never given: one that runs as its owner may be among those made tomorrow. */
  #all(): GrantTarget {
    const what = this.#peek();
    if (!this.#keyword('TABLES')) {
      throw new NotALine('Only ALL TABLES IN SCHEMA … can be given as a whole; name each of the others.', what.at);
    }
    this.#expect('IN', 'IN SCHEMA and its name');
    this.#expect('SCHEMA', 'SCHEMA and its name');
    return { on: 'all-tables', schema: this.#schema() };
  }

  #routine(routine: 'function' | 'procedure'): GrantTarget {
    const name = this.#qualified(routine);
    const open = this.#peek();
    const { signatures } = this.#dialect;
    if (!this.#skip('(')) {
      if (!signatures) return { on: 'routine', routine, name, args: null };
      throw new NotALine(`The types of the ${routine}’s arguments are expected here: (), (int), (int, text).`, open.at);
    }
    if (!signatures) {
      throw new NotALine(
        `${ENGINES[this.#engine].label} knows a ${routine} by its name alone: leave out (…).`,
        open.at,
      );
    }
    return { on: 'routine', routine, name, args: this.#types(open) };
  }

  /** Types are the database's to know: they are taken as they are written, and looked up there. */
  #types(open: Token): string[] {
    let depth = 1;
    const ends = [open.end];
    while (depth > 0) {
      const token = this.#take();
      if (token.kind === 'end') throw new NotALine('The ( is not closed.', open.at);
      if (token.text === '(' && token.kind === 'sign') depth += 1;
      if (token.text === ')' && token.kind === 'sign') depth -= 1;
      if (depth === 0 || (depth === 1 && token.text === ',' && token.kind === 'sign')) ends.push(token.at, token.end);
    }
    const types: string[] = [];
    for (let part = 0; part + 1 < ends.length; part += 2) {
      const from = ends[part] ?? 0;
      const type = this.#text
        .slice(from, ends[part + 1])
        .trim()
        .replaceAll(/\s+/g, ' ');
      if (type === '' && ends.length === 3) return [];
      if (!TYPE.test(type)) throw new NotALine('The type of an argument is expected here, such as int.', from);
      types.push(type);
    }
    return types;
  }

  #inDatabase(): string | null {
    const at = this.#peek().at;
    if (!this.#keyword('IN')) return null;
    this.#expect('DATABASE', 'DATABASE and its name');
    if (this.#dialect.schemaIsDatabase) {
      throw new NotALine(`In ${ENGINES[this.#engine].label} the database stands before the dot: database.table.`, at);
    }
    return this.#name('database');
  }

  #noOption(): void {
    const token = this.#peek();
    if (this.#is('WITH') || this.#is('GRANT')) {
      throw new NotALine(`GRANT OPTION is never given by a role: ${whyNever('GRANT') ?? ''}.`, token.at);
    }
  }

  #assertAllowed(named: readonly Named[], target: GrantTarget, at: number): void {
    const { label } = ENGINES[this.#engine];
    const allowed = this.#dialect.allowed[target.on];
    const what = target.on === 'routine' ? `a ${target.routine}` : TARGETS[target.on];
    if (allowed.length === 0) throw new NotALine(this.#unknownTarget(target.on, what), at);
    for (const { privilege, at: place } of named) {
      if (!allowed.includes(privilege.name)) {
        throw new NotALine(
          `${privilege.name} cannot be given on ${what} in ${label}: there it is ${anyOf(allowed)}.`,
          place,
        );
      }
      if (privilege.columns === null) continue;
      if (target.on !== 'tables') throw new NotALine(`Columns can be named for tables, not for ${what}.`, place);
      if (!this.#dialect.byColumn.includes(privilege.name)) {
        const some = anyOf(this.#dialect.byColumn);
        throw new NotALine(`In ${label} ${privilege.name} is for whole tables; by columns go ${some}.`, place);
      }
    }
  }

  #unknownTarget(on: GrantTarget['on'], what: string): string {
    const { label } = ENGINES[this.#engine];
    return on === 'schema'
      ? `${label} has nothing to give on a schema by itself: write ALL TABLES IN SCHEMA and the database’s name.`
      : `Nothing can be given on ${what} in ${label}.`;
  }

  #qualified(what: string): Qualified {
    const at = this.#peek().at;
    const schema = this.#name(what);
    if (!this.#skip('.')) {
      const [around, example] = this.#dialect.schemaIsDatabase ? ['database', 'shop'] : ['schema', 'sales'];
      throw new NotALine(`The ${what}’s ${around} must be named too: ${example}.${schema}.`, at);
    }
    this.#assertNotSystem(schema, at);
    return { schema, name: this.#name(what) };
  }

  #schema(): string {
    const { at } = this.#peek();
    const schema = this.#name('schema');
    this.#assertNotSystem(schema, at);
    return schema;
  }

  #assertNotSystem(schema: string, at: number): void {
    if (!this.#dialect.system.test(schema)) return;
    throw new NotALine(`Nothing of ${schema} is given: it is the system’s own.`, at);
  }

  #name(what: string): string {
    const token = this.#take();
    if (token.kind !== 'word' && token.kind !== 'quoted') {
      if (token.text === '*') throw new NotALine('“*” stands for what nobody has listed: name each.', token.at);
      throw new NotALine(`The name of a ${what} is expected here.`, token.at);
    }
    const name = token.kind === 'word' && this.#dialect.folds ? token.text.toLowerCase() : token.text;
    const facts = ENGINES[this.#engine];
    if (nameLength(name, facts) > facts.names.max) {
      throw new NotALine(`A name has at most ${facts.names.max} ${facts.names.counted} here.`, token.at);
    }
    return name;
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#skip(',')) items.push(item());
    return items;
  }

  /** Takes the word, unless it is the schema of a name: a schema may be called `schema`. */
  #keyword(word: string): boolean {
    if (!this.#is(word) || this.#tokens[this.#next + 1]?.text === '.') return false;
    this.#take();
    return true;
  }

  #is(word: string): boolean {
    const token = this.#peek();
    return token.kind === 'word' && token.text.toUpperCase() === word;
  }

  #skip(sign: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.#take();
    return true;
  }

  #expect(text: string, what: string): void {
    if (this.#is(text)) this.#take();
    else if (!this.#skip(text)) throw new NotALine(`${what} is expected here.`, this.#peek().at);
  }

  #end(): void {
    const token = this.#peek();
    if (token.kind !== 'end') throw new NotALine(`Nothing is expected here: “${token.text}”.`, token.at);
  }

  #peek(): Token {
    const token = this.#tokens[Math.min(this.#next, this.#tokens.length - 1)];
    if (token === undefined) throw new RangeError('a line always has an end');
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }
}
