/** DECLARE, SET, PRINT, RAISERROR, THROW, RETURN. */
import { namedType, type SqlType } from '../../types/types.ts';
import { SqlError } from '../errors.ts';
import { converted } from '../functions.ts';
import type { Interpreter } from '../interpreter.ts';
import { isSign, isWord, type Token } from '../lexer.ts';
import { closing, splitAt } from '../translate.ts';

/** `@x int = 1, @y nvarchar(10)`. */
export function declare(tokens: readonly Token[], run: Interpreter): void {
  for (const part of splitAt(tokens.slice(1), ',')) {
    const { name, type, rest } = declaration(part);
    const value = isSign(rest[0], '=') ? run.value(rest.slice(1)) : null;
    run.context.scope.declare(name, type, value === null ? null : converted(value, type));
  }
}

/** `@x [AS] type`, and what follows it. */
export function declaration(tokens: readonly Token[]): { name: string; type: SqlType; rest: readonly Token[] } {
  const [name] = tokens;
  let at = isWord(tokens[1], 'AS') ? 2 : 1;
  if (isSign(tokens[at + 1], '.')) at += 2;
  const typeName = tokens[at];
  const sized = isSign(tokens[at + 1], '(');
  const end = sized ? closing(tokens, at + 1) + 1 : at + 1;
  const args = sized ? splitAt(tokens.slice(at + 2, end - 1), ',').map((arg) => arg[0]?.text ?? '') : [];
  const type = typeName === undefined ? null : namedType(typeName.text, args);
  if (name?.kind !== 'variable' || type === null) {
    throw new SqlError(2715, `Column, parameter, or variable: Cannot find data type ${typeName?.text ?? ''}.`);
  }
  return { name: name.text, type, rest: tokens.slice(end) };
}

const ASSIGNMENTS = ['=', '+=', '-=', '*=', '/='];

export function set(tokens: readonly Token[], run: Interpreter): void {
  const { scope, session } = run.context;
  const [, subject, sign] = tokens;
  if (subject?.kind === 'variable') {
    if (sign === undefined || !ASSIGNMENTS.includes(sign.text)) throw new SqlError(102, "Incorrect syntax near 'SET'.");
    const variable = scope.get(subject.text);
    const operator: Token[] = sign.text === '=' ? [] : [subject, { ...sign, text: sign.text.slice(0, 1) }];
    const value = run.value([...operator, ...tokens.slice(3)]);
    variable.value = value === null ? null : converted(value, variable.type);
    return;
  }
  if (isWord(subject, 'LOCK_TIMEOUT')) {
    const ms = Number(
      tokens
        .slice(2)
        .map((token) => token.text)
        .join(''),
    );
    session.lockTimeoutMs = ms < 0 ? Number.POSITIVE_INFINITY : ms;
    return;
  }
  // Several may be set at once: SET ANSI_NULLS, QUOTED_IDENTIFIER ON. The last word is the value of all.
  const value = tokens.at(-1)?.text.toUpperCase() ?? '';
  for (const part of splitAt(tokens.slice(1), ',')) {
    const option = part[0]?.text.toUpperCase();
    if (option !== undefined) session.options.set(option, value);
  }
}

export function print(tokens: readonly Token[], run: Interpreter): void {
  const value = run.value(tokens.slice(1));
  const message = value === null ? '' : String(value);
  run.context.output.notice({ number: 0, state: 1, severity: 0, message });
}

/** RAISERROR('text %s %d', severity, state, args…) [WITH NOWAIT]. */
export function raiseError(tokens: readonly Token[], run: Interpreter): void {
  const end = closing(tokens, 1);
  const [message = [], severity = [], state = [], ...args] = splitAt(tokens.slice(2, end), ',');
  const given = run.value(message);
  const values = args.map((arg) => String(run.value(arg) ?? '(null)'));
  const text = typeof given === 'bigint' ? `Message ${given}` : String(given);
  const filled = text.replace(/%[sdiu]/g, () => values.shift() ?? '');
  const error = new SqlError(typeof given === 'bigint' ? Number(given) : 50_000, filled, {
    severity: Number(run.value(severity)),
    state: Number(run.value(state)),
  });
  if (error.notice.severity <= 10) run.context.output.notice(error.notice);
  else throw error;
}

export class Thrown extends SqlError {
  override get endsStatementOnly(): boolean {
    return false;
  }
}

export function throwError(tokens: readonly Token[], run: Interpreter): void {
  if (tokens.length === 1) {
    const { caught } = run.context.scope;
    if (caught === null)
      throw new SqlError(10704, 'To rethrow an error, a THROW statement must be used inside a CATCH block.');
    throw caught;
  }
  const [number = [], message = [], state = []] = splitAt(tokens.slice(1), ',');
  throw new Thrown(Number(run.value(number)), String(run.value(message)), { state: Number(run.value(state)) });
}

export function returnValue(tokens: readonly Token[], run: Interpreter): void {
  const value = tokens.length > 1 ? run.value(tokens.slice(1)) : 0n;
  run.context.scope.returned = typeof value === 'bigint' ? value : 0n;
}
