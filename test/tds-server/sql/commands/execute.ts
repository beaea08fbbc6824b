/** EXEC, and the procedures that there are: the system's own few, and those that CREATE PROCEDURE made. */
import type { SqlType, SqlValue } from '../../types/types.ts';
import { SqlError } from '../errors.ts';
import { converted } from '../functions.ts';
import { Interpreter } from '../interpreter.ts';
import { isSign, isWord, type Token, tokenize } from '../lexer.ts';
import { Scope } from '../scope.ts';
import { closing, splitAt } from '../translate.ts';
import { declaration } from './language.ts';
import { systemProcedure } from './procedures.ts';

export interface Argument {
  /** With its `@`, or empty: then its place counts. */
  readonly name: string;
  readonly value: SqlValue;
  readonly type: SqlType | null;
  /** Told what the procedure has made of it. */
  readonly output: ((value: SqlValue) => void) | null;
}

export async function execute(tokens: readonly Token[], run: Interpreter): Promise<void> {
  // EXECUTE AS USER = …: who disguises itself here is the administrator, who is dbo everywhere.
  if (isWord(tokens[1], 'AS')) return;
  const rest = isWord(tokens[0], 'EXEC', 'EXECUTE') ? tokens.slice(1) : tokens;
  if (isSign(rest[0], '(')) {
    const text = run.value(rest.slice(1, closing(rest, 0)));
    await new Interpreter({ ...run.context, scope: new Scope() }, run.depth + 1).batch(String(text));
    return;
  }
  const returns = rest[0]?.kind === 'variable' && isSign(rest[1], '=') ? rest[0].text : null;
  const call = returns === null ? rest : rest.slice(2);
  let end = 1;
  while (isSign(call[end], '.')) end += 2;
  const name = call
    .slice(0, end)
    .map((token) => token.text)
    .join('.');
  const args = call.length > end ? splitAt(call.slice(end), ',').map((part) => argument(part, run)) : [];
  const status = await callProcedure(name, args, run);
  if (returns !== null) run.context.scope.get(returns).value = status;
}

/** `@name = value`, `value`, `@variable OUTPUT`. */
function argument(part: readonly Token[], run: Interpreter): Argument {
  const [first, second] = part;
  const named = first?.kind === 'variable' && isSign(second, '=');
  const value = named ? part.slice(2) : part;
  const [only] = value;
  const name = named ? first.text : '';
  if (only?.kind === 'variable' && isWord(value[1], 'OUTPUT', 'OUT')) {
    const variable = run.context.scope.get(only.text);
    const output = (result: SqlValue): void => {
      variable.value = result;
    };
    return { name, value: variable.value, type: variable.type, output };
  }
  // A bare word is a text: EXEC sp_help orders.
  const bare = value.length === 1 && only?.kind === 'word' && !isWord(only, 'NULL', 'DEFAULT');
  return { name, value: bare ? only.text : run.value(value), type: null, output: null };
}

/** Runs it and gives its return status. Throws SqlError 2812 where there is none of that name. */
export async function callProcedure(name: string, args: readonly Argument[], run: Interpreter): Promise<bigint> {
  const plain = name.split('.').at(-1) ?? name;
  const system = systemProcedure(plain);
  if (system !== null) return await system(args, run);
  const { session } = run.context;
  const row = session.connection.prepare('SELECT definition FROM main."sys.modules" WHERE name = ?').get(plain);
  if (row === undefined) throw new SqlError(2812, `Could not find stored procedure '${name}'.`, { state: 62 });
  const definition = String(row.definition);
  const { parameters, body } = parseModule(tokenize(definition), definition);
  const scope = new Scope();
  const outputs: (() => void)[] = [];
  for (const [index, parameter] of parameters.entries()) {
    const given =
      args.find((one) => one.name.toLowerCase() === parameter.name.toLowerCase()) ?? positional(args, index);
    if (given === undefined && parameter.fallback === null) {
      throw new SqlError(
        201,
        `Procedure or function '${plain}' expects parameter '${parameter.name}', which was not supplied.`,
        {
          state: 4,
        },
      );
    }
    const value = given === undefined ? run.value(parameter.fallback ?? []) : given.value;
    scope.declare(parameter.name, parameter.type, value === null ? null : converted(value, parameter.type));
    outputs.push(() => given?.output?.(scope.get(parameter.name).value));
  }
  await new Interpreter({ ...run.context, scope }, run.depth + 1).batch(body);
  for (const tell of outputs) tell();
  return scope.returned ?? 0n;
}

function positional(args: readonly Argument[], index: number): Argument | undefined {
  const arg = args[index];
  return arg?.name === '' ? arg : undefined;
}

interface Module {
  readonly name: string;
  readonly parameters: readonly { name: string; type: SqlType; fallback: readonly Token[] | null }[];
  readonly body: string;
}

/** CREATE [OR ALTER] PROCEDURE name [@a int = 1, …] AS body. */
function parseModule(tokens: readonly Token[], text: string): Module {
  let at = tokens.findIndex((token) => isWord(token, 'PROC', 'PROCEDURE')) + 1;
  while (isSign(tokens[at + 1], '.')) at += 2;
  const name = tokens[at]?.text ?? '';
  const as = tokens.findIndex((token, i) => i > at && isWord(token, 'AS') && tokens[i - 1]?.kind !== 'variable');
  if (as < 0) throw new SqlError(102, `Incorrect syntax near '${name}'.`, { severity: 15 });
  const between = tokens.slice(at + 1, as);
  const list = isSign(between[0], '(') ? between.slice(1, -1) : between;
  const parameters =
    list.length === 0
      ? []
      : splitAt(list, ',').map((part) => {
          const { name: parameter, type, rest } = declaration(part);
          const fallback = isSign(rest[0], '=')
            ? rest.slice(1).filter((token) => !isWord(token, 'OUTPUT', 'OUT'))
            : null;
          return { name: parameter, type, fallback };
        });
  return { name, parameters, body: text.slice(tokens[as]?.end ?? 0) };
}

export function createModule(tokens: readonly Token[], run: Interpreter): void {
  const text = run.text.slice(tokens[0]?.start ?? 0);
  const { name } = parseModule(tokens, run.text);
  const { session } = run.context;
  session.connection
    .prepare(
      'INSERT INTO main."sys.modules" (name, definition) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET definition = excluded.definition',
    )
    .run(name, text);
}

export function dropModule(tokens: readonly Token[], run: Interpreter): void {
  const name = tokens.at(-1)?.text ?? '';
  const { changes } = run.context.session.connection.prepare('DELETE FROM main."sys.modules" WHERE name = ?').run(name);
  if (changes > 0 || isWord(tokens[2], 'IF')) return;
  throw new SqlError(
    3701,
    `Cannot drop the procedure '${name}', because it does not exist or you do not have permission.`,
    {
      severity: 11,
      state: 5,
    },
  );
}
