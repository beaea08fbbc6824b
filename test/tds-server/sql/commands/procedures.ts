/** The system's procedures that clients and provisioning call by name. */
import type { SqlValue } from '../../types/types.ts';
import { SYSNAME } from '../../types/types.ts';
import { SqlError } from '../errors.ts';
import { Interpreter } from '../interpreter.ts';
import { tokenize } from '../lexer.ts';
import { Command } from '../output.ts';
import { Scope } from '../scope.ts';
import { splitAt } from '../translate.ts';
import type { Argument } from './execute.ts';
import { declaration } from './language.ts';

export type Procedure = (args: readonly Argument[], run: Interpreter) => Promise<bigint> | bigint;

const PROCEDURES: Readonly<Record<string, Procedure>> = {
  sp_executesql: executeSql,
  sp_reset_connection: (_args, run) => {
    run.context.session.reset(false);
    return 0n;
  },
  sp_who: async (_args, run) => {
    await run.nested(
      `SELECT session_id AS spid, status, login_name AS loginame, host_name AS hostname FROM sys.dm_exec_sessions`,
    );
    return 0n;
  },
  sp_datatype_info: noRows('TYPE_NAME'),
  sp_server_info: noRows('attribute_name'),
  sp_addextendedproperty: property('add'),
  sp_updateextendedproperty: property('update'),
  sp_dropextendedproperty: property('drop'),
};

export function systemProcedure(name: string): Procedure | null {
  return PROCEDURES[name.toLowerCase()] ?? null;
}

/** sp_executesql @stmt, @params, values…: the values in the batch's own scope, outputs back out. */
export async function executeSql(args: readonly Argument[], run: Interpreter): Promise<bigint> {
  const [statement, declarations, ...values] = args;
  const scope = declared(String(declarations?.value ?? ''), values, run);
  const inner = new Interpreter({ ...run.context, scope }, run.depth + 1);
  await inner.batch(String(statement?.value ?? ''));
  for (const [index, arg] of values.entries()) {
    const name = arg.name === '' ? nameAt(String(declarations?.value ?? ''), index) : arg.name;
    if (arg.output !== null && scope.has(name)) arg.output(scope.get(name).value);
  }
  return scope.returned ?? 0n;
}

/** A scope with the parameters that `declarations` names, holding `values`. */
export function declared(declarations: string, values: readonly Argument[], run: Interpreter): Scope {
  const scope = new Scope();
  const tokens = tokenize(declarations);
  if (tokens.length === 0) return scope;
  for (const [index, part] of splitAt(tokens, ',').entries()) {
    const { name, type, rest } = declaration(part);
    const given = values.find((one) => one.name.toLowerCase() === name.toLowerCase());
    const placed = given ?? (values[index]?.name === '' ? values[index] : undefined);
    if (placed === undefined && rest.length === 0) {
      throw new SqlError(
        8178,
        `The parameterized query '(${declarations})' expects the parameter '${name}', which was not supplied.`,
      );
    }
    const fallback = rest[0]?.text === '=' ? run.value(rest.slice(1)) : null;
    scope.declare(name, type, placed === undefined ? fallback : placed.value);
  }
  return scope;
}

export function nameAt(declarations: string, index: number): string {
  const part = splitAt(tokenize(declarations), ',')[index];
  return part?.[0]?.text ?? '';
}

function noRows(column: string): Procedure {
  return (_args, run) => {
    const { output } = run.context;
    output.columns([{ name: column, type: SYSNAME, nullable: true, identity: false, table: null }]);
    output.done(0n, Command.select);
    return 0n;
  };
}

/** sp_addextendedproperty @name, @value, @level0type = 'USER', @level0name: marks a principal of the database. */
function property(what: 'add' | 'update' | 'drop'): Procedure {
  return (args, run) => {
    const order =
      what === 'drop' ? ['@name', '@level0type', '@level0name'] : ['@name', '@value', '@level0type', '@level0name'];
    const value = (name: string): SqlValue =>
      (
        args.find((one) => one.name.toLowerCase() === name) ??
        args.filter((one) => one.name === '')[order.indexOf(name)]
      )?.value ?? null;
    const name = String(value('@name'));
    const { connection } = run.context.session;
    const principal = value('@level0name');
    const major = principal === null ? 0 : idOfPrincipal(run, String(principal));
    const kind = principal === null ? 0 : 4;
    const key = [kind, major, name];
    const there =
      connection
        .prepare('SELECT 1 FROM main."sys.properties" WHERE class = ? AND major_id = ? AND name = ?')
        .get(...key) !== undefined;
    if (what === 'add' && there)
      throw new SqlError(
        15233,
        `Property cannot be added. Property '${name}' already exists for '${String(principal)}'.`,
      );
    if (what !== 'add' && !there)
      throw new SqlError(
        15217,
        `Property cannot be updated or deleted. Property '${name}' does not exist for '${String(principal)}'.`,
      );
    if (what === 'drop')
      connection.prepare('DELETE FROM main."sys.properties" WHERE class = ? AND major_id = ? AND name = ?').run(...key);
    else
      connection
        .prepare(
          'INSERT INTO main."sys.properties" VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
        )
        .run(...key, value('@value'));
    return 0n;
  };
}

function idOfPrincipal(run: Interpreter, name: string): number {
  const row = run.context.session.connection.prepare('SELECT id FROM main."sys.principals" WHERE name = ?').get(name);
  if (row === undefined)
    throw new SqlError(
      15135,
      `Object is invalid. Extended properties are not permitted on '${name}', or the object does not exist.`,
    );
  return Number(row.id);
}
