/** SQLBatch: text. */
import type { Buffer } from 'node:buffer';
import { Interpreter } from '../sql/interpreter.ts';
import { tokenize } from '../sql/lexer.ts';
import { Scope } from '../sql/scope.ts';
import { parseBatch } from '../wire/requests.ts';
import type { RequestContext } from './loop.ts';

export async function runBatch(payload: Buffer, tdsVersion: number, context: RequestContext): Promise<void> {
  const { session, answer: output, signal, bulk } = context;
  const sql = parseBatch(payload, tdsVersion);
  // Announces that rows follow in a message of their own kind.
  if (/^\s*insert\s+bulk\b/i.test(sql)) {
    bulk.announce(tokenize(sql), session);
    return;
  }
  await new Interpreter({ session, scope: new Scope(), output, signal }).batch(sql);
}
