/** RPC: procedures by name, and the server's own by number. */
import type { Buffer } from 'node:buffer';
import { type Argument, callProcedure } from '../sql/commands/execute.ts';
import { executeSql } from '../sql/commands/procedures.ts';
import { asSqlError, SqlError } from '../sql/errors.ts';
import { Interpreter } from '../sql/interpreter.ts';
import { Scope } from '../sql/scope.ts';
import { INT, type SqlValue } from '../types/types.ts';
import { type Call, parseCalls } from '../wire/requests.ts';
import type { ReturnValue } from './answer.ts';
import { cursorProcedure } from './cursors.ts';
import type { RequestContext } from './loop.ts';

/** What a procedure by number works with. */
export interface NumberedCall {
  readonly args: readonly Argument[];
  readonly noMetadata: boolean;
  readonly run: Interpreter;
  readonly context: RequestContext;
}

export type NumberedProcedure = (call: NumberedCall) => Promise<bigint> | bigint;

const BY_NUMBER: Readonly<Record<number, string>> = {
  1: 'sp_cursor',
  2: 'sp_cursoropen',
  3: 'sp_cursorprepare',
  4: 'sp_cursorexecute',
  5: 'sp_cursorprepexec',
  6: 'sp_cursorunprepare',
  7: 'sp_cursorfetch',
  8: 'sp_cursoroption',
  9: 'sp_cursorclose',
  10: 'sp_executesql',
  11: 'sp_prepare',
  12: 'sp_execute',
  13: 'sp_prepexec',
  14: 'sp_prepexecrpc',
  15: 'sp_unprepare',
};

const WITH_HANDLES: Readonly<Record<string, NumberedProcedure>> = {
  sp_prepare: ({ args: [handle, params, statement], context }) => {
    handle?.output?.(context.handles.prepare({ declarations: text(params), sql: text(statement) }));
    return 0n;
  },
  sp_execute: ({ args: [handle, ...values], run, context }) =>
    executePrepared(handle?.value ?? null, values, run, context),
  sp_prepexec: async ({ args: [handle, params, statement, ...values], run, context }) => {
    const prepared = context.handles.prepare({ declarations: text(params), sql: text(statement) });
    handle?.output?.(prepared);
    return await executePrepared(prepared, values, run, context);
  },
  sp_unprepare: ({ args: [handle], context }) => {
    context.handles.unprepare(handle?.value ?? null);
    return 0n;
  },
};

export async function runCalls(payload: Buffer, tdsVersion: number, context: RequestContext): Promise<void> {
  for (const call of parseCalls(payload, tdsVersion)) await runCall(call, context);
}

async function runCall(call: Call, context: RequestContext): Promise<void> {
  const { answer, signal, session } = context;
  const outputs = new Map<number, SqlValue>();
  const args = call.parameters.map(({ name, type, value, output }, index): Argument => {
    if (output) outputs.set(index, value);
    return { name, type, value, output: output ? (result) => void outputs.set(index, result) : null };
  });
  answer.procedure();
  let status: bigint | null = null;
  try {
    status = await procedure(call, args, context);
  } catch (error) {
    signal.throwIfAborted();
    const told = asSqlError(error, { database: session.database.name, verb: '' });
    if (!(told instanceof SqlError)) throw error;
    answer.failed(told.notice);
  }
  const values = [...outputs].map(([index, value]): ReturnValue => {
    const parameter = call.parameters[index];
    return { ordinal: index, name: parameter?.name ?? '', type: parameter?.type ?? INT, value };
  });
  answer.procedureDone(status, status === null ? [] : values, status === null);
}

async function procedure(call: Call, args: readonly Argument[], context: RequestContext): Promise<bigint> {
  const { session, answer: output, signal } = context;
  const run = new Interpreter({ session, scope: new Scope(), output, signal });
  const name = typeof call.procedure === 'number' ? BY_NUMBER[call.procedure] : call.procedure;
  if (name === undefined) throw new SqlError(2812, `Could not find stored procedure ${call.procedure}.`, { state: 62 });
  const plain = (name.split('.').at(-1) ?? name).replace(/^\[|\]$/g, '').toLowerCase();
  const numbered = WITH_HANDLES[plain] ?? cursorProcedure(plain);
  if (numbered !== null) return await numbered({ args, noMetadata: call.noMetadata, run, context });
  return await callProcedure(name.replace(/[[\]]/g, ''), args, run);
}

async function executePrepared(
  handle: SqlValue,
  values: readonly Argument[],
  run: Interpreter,
  { handles }: RequestContext,
): Promise<bigint> {
  const { declarations, sql } = handles.prepared(handle);
  const argument = (value: string): Argument => ({ name: '', value, type: null, output: null });
  return await executeSql([argument(sql), argument(declarations), ...values], run);
}

export function text(arg: Argument | undefined): string {
  return arg?.value === null || arg === undefined ? '' : String(arg.value);
}
