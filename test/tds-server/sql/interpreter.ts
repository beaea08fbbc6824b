/** Runs statements, one after the other, as T-SQL does: errors, blocks, TRY and CATCH. */
import type { SqlValue } from '../types/types.ts';
import { commandFor } from './commands/index.ts';
import { asSqlError, SqlError } from './errors.ts';
import { type Token, tokenize } from './lexer.ts';
import { type QueryContext, runQuery, translated } from './query.ts';
import { Scope } from './scope.ts';
import { parseStatements, type Statement } from './statements.ts';

/** Ends the loop it stands in. */
class Leap extends Error {
  readonly how: 'break' | 'continue';
  constructor(how: 'break' | 'continue') {
    super(how);
    this.how = how;
  }
}

export class Interpreter {
  readonly context: QueryContext;
  /** Procedures that call procedures. */
  readonly depth: number;
  /** Of the batch that runs: a procedure is kept as it was written. */
  #text = '';

  constructor(context: QueryContext, depth = 0) {
    if (depth > 32) throw new SqlError(217, 'Maximum stored procedure nesting level exceeded (limit 32).');
    this.context = context;
    this.depth = depth;
  }

  get text(): string {
    return this.#text;
  }

  /** Sends what comes of it. Throws what ends the batch; what ends only a statement is sent. */
  async batch(sql: string): Promise<void> {
    this.#text = sql;
    await this.#list(parseStatements(tokenize(sql)), false);
  }

  /** Runs `sql` within the batch, in a scope of its own. */
  async nested(sql: string): Promise<void> {
    await new Interpreter({ ...this.context, scope: new Scope() }, this.depth + 1).batch(sql);
  }

  async #list(statements: readonly Statement[], inTry: boolean): Promise<void> {
    for (const statement of statements) {
      this.context.signal.throwIfAborted();
      if (this.context.scope.returned !== null) return;
      await this.#statement(statement, inTry);
    }
  }

  async #statement(statement: Statement, inTry: boolean): Promise<void> {
    switch (statement.kind) {
      case 'block':
        return await this.#list(statement.body, inTry);
      case 'if':
        if (this.holds(statement.condition)) return await this.#statement(statement.branch, inTry);
        if (statement.otherwise !== null) await this.#statement(statement.otherwise, inTry);
        return;
      case 'while':
        return await this.#while(statement, inTry);
      case 'try':
        return await this.#try(statement);
      default:
        return await this.#simple(statement.tokens, inTry);
    }
  }

  async #while({ condition, body }: Statement & { kind: 'while' }, inTry: boolean): Promise<void> {
    while (this.context.scope.returned === null && this.holds(condition)) {
      this.context.signal.throwIfAborted();
      await this.context.output.room();
      try {
        await this.#statement(body, inTry);
      } catch (error) {
        if (!(error instanceof Leap)) throw error;
        if (error.how === 'break') return;
      }
    }
  }

  async #try({ body, handler }: Statement & { kind: 'try' }): Promise<void> {
    const { scope } = this.context;
    try {
      await this.#list(body, true);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const before = scope.caught;
      scope.caught = error;
      await this.#list(handler, false);
      scope.caught = before;
    }
  }

  async #simple(tokens: readonly Token[], inTry: boolean): Promise<void> {
    const { session, output, signal } = this.context;
    const first = tokens[0]?.text.toUpperCase();
    if (first === 'BREAK' || first === 'CONTINUE') throw new Leap(first === 'BREAK' ? 'break' : 'continue');
    try {
      const command = commandFor(tokens);
      if (command === null) await runQuery(tokens, this.context);
      else await command(tokens, this);
      session.error = 0;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof SqlError)) throw error;
      session.error = error.number;
      if (error.number === 1205 && session.depth > 0) session.rollback();
      if (inTry) throw error;
      const ends = !error.endsStatementOnly || session.options.get('XACT_ABORT') === 'ON';
      if (ends) {
        if (session.options.get('XACT_ABORT') === 'ON' && session.depth > 0) session.rollback();
        throw error;
      }
      output.failed(error.notice);
    }
  }

  /** Whether an IF's or WHILE's condition does. */
  holds(condition: readonly Token[]): boolean {
    return this.value(condition, (sql) => `CASE WHEN ${sql} THEN 1 ELSE 0 END`) === 1n;
  }

  /** What an expression comes to. */
  value(expression: readonly Token[], wrapped: (sql: string) => string = (sql) => sql): SqlValue {
    const { session, scope } = this.context;
    const { sql } = translated(expression, this.context);
    const names = expression.filter(({ kind, text }) => kind === 'variable' && !text.startsWith('@@'));
    try {
      const statement = session.connection.prepare(`SELECT ${wrapped(sql)}`);
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      const row: unknown = statement.get(scope.bound(names.map(({ text }) => text)));
      return Array.isArray(row) ? row[0] : null;
    } catch (error) {
      throw asSqlError(error, { database: session.database.name, verb: 'SELECT' });
    }
  }
}
