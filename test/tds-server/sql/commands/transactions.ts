/** BEGIN, COMMIT, ROLLBACK and SAVE TRANSACTION. */
import type { Interpreter } from '../interpreter.ts';
import { isWord, type Token } from '../lexer.ts';
import { quoteName } from '../quote.ts';

export function begin(_tokens: readonly Token[], run: Interpreter): void {
  run.context.session.begin();
}

export function commit(_tokens: readonly Token[], run: Interpreter): void {
  run.context.session.commit();
}

export function save(tokens: readonly Token[], run: Interpreter): void {
  run.context.session.savepoint(quoteName(tokens[2]?.text ?? ''));
}

export function rollback(tokens: readonly Token[], run: Interpreter): void {
  const name = isWord(tokens[1], 'TRAN', 'TRANSACTION') ? tokens[2]?.text : undefined;
  if (name !== undefined && run.context.session.rollbackTo(quoteName(name))) return;
  run.context.session.rollback();
}
