/** Statements that are no queries: which word leads to which. */
import type { Interpreter } from '../interpreter.ts';
import { isWord, type Token } from '../lexer.ts';
import { createModule, dropModule, execute } from './execute.ts';
import { declare, print, raiseError, returnValue, set, throwError } from './language.ts';
import { authorization, grant, principalCommand } from './security.ts';
import { kill, use, waitFor } from './server.ts';
import { begin, commit, rollback, save } from './transactions.ts';

export type CommandRun = (tokens: readonly Token[], run: Interpreter) => Promise<void> | void;

const COMMANDS: Readonly<Record<string, CommandRun>> = {
  DECLARE: declare,
  SET: set,
  PRINT: print,
  RAISERROR: raiseError,
  THROW: throwError,
  RETURN: returnValue,
  USE: use,
  WAITFOR: waitFor,
  KILL: kill,
  BEGIN: begin,
  COMMIT: commit,
  ROLLBACK: rollback,
  SAVE: save,
  EXEC: execute,
  EXECUTE: execute,
  GRANT: grant,
  REVOKE: grant,
  DENY: grant,
};

/** null: the statement is for the data itself. */
export function commandFor(tokens: readonly Token[]): CommandRun | null {
  const [first, second, third] = tokens;
  const known = COMMANDS[first?.kind === 'word' ? first.text.toUpperCase() : ''];
  if (known !== undefined) return known;
  if (isWord(first, 'CREATE', 'ALTER', 'DROP')) {
    if (isWord(second, 'USER', 'ROLE', 'LOGIN', 'SCHEMA')) return principalCommand;
    if (isWord(second, 'AUTHORIZATION')) return authorization;
    if (isWord(second, 'DATABASE')) return principalCommand;
    if (isWord(second, 'PROC', 'PROCEDURE') || (isWord(second, 'OR') && isWord(third, 'ALTER'))) {
      return isWord(first, 'DROP') ? dropModule : createModule;
    }
    return null;
  }
  if (isWord(first, 'DBCC')) return () => {};
  const data =
    isWord(first, 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'WITH', 'TRUNCATE', 'MERGE') || first?.text === '(';
  // A procedure may be called by its name alone.
  return data ? null : execute;
}
