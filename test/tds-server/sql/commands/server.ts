/** USE, WAITFOR, KILL. */
import { setTimeout as pause } from 'node:timers/promises';
import { SqlError } from '../errors.ts';
import type { Interpreter } from '../interpreter.ts';
import { isWord, type Token } from '../lexer.ts';
import { rolesOf } from '../permissions.ts';

export function use(tokens: readonly Token[], run: Interpreter): void {
  run.context.session.use(tokens[1]?.text ?? '');
}

/** WAITFOR DELAY '00:00:05.5'. */
export async function waitFor(tokens: readonly Token[], run: Interpreter): Promise<void> {
  const value = isWord(tokens[1], 'DELAY') ? run.value(tokens.slice(2)) : null;
  const parts = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?$/.exec(String(value));
  if (parts === null)
    throw new SqlError(148, 'Incorrect time syntax in time string used with WAITFOR.', { severity: 15 });
  const [, hours, minutes, seconds = '0'] = parts;
  await pause((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000, undefined, {
    signal: run.context.signal,
  });
}

/** KILL 52; KILL DATABASE CONNECTION is what an owner of the database may. */
export function kill(tokens: readonly Token[], run: Interpreter): void {
  const { session } = run.context;
  if (!session.principal.owner && !rolesOf(session).has('db_owner')) {
    throw new SqlError(6102, 'User does not have permission to use the KILL statement.', { severity: 14 });
  }
  const spid = Number(tokens.at(-1)?.text);
  const victim = session.instance.session(spid);
  if (spid === session.facts.spid) throw new SqlError(6104, 'Cannot use KILL to kill your own process.');
  if (victim === null) throw new SqlError(6106, `Process ID ${spid} is not an active process ID.`);
  victim.kill();
}
