/** The response to one request: what the run makes, as tokens, with each DONE saying whether more follows. */
import type { Output } from '../sql/output.ts';
import type { Change, Session } from '../sql/session.ts';
import type { SqlType, SqlValue } from '../types/types.ts';
import type { Reply } from '../wire/reply.ts';
import type { Column, Done, DoneKind, Notice, Tokens } from '../wire/tokens.ts';

const NOTHING = new Uint8Array();
const CHANGE_TYPES = { begun: 8, committed: 9, 'rolled back': 10 } as const;

export class Answer implements Output {
  readonly #reply: Reply;
  readonly #tokens: Tokens;
  readonly #session: Session;
  #columns: readonly Column[] = [];
  /** The last DONE is held back until it is known whether anything follows. */
  #held: { readonly kind: DoneKind; readonly done: Done } | null = null;
  #kind: DoneKind = 'done';

  constructor(reply: Reply, tokens: Tokens, session: Session) {
    this.#reply = reply;
    this.#tokens = tokens;
    this.#session = session;
  }

  columns(columns: readonly Column[]): void {
    this.#release();
    this.#columns = this.#tokens.lowered(columns);
    this.#reply.write(this.#tokens.columns(this.#columns));
  }

  /** A call that was asked for rows without saying again what they are. */
  columnsKnown(columns: readonly Column[]): void {
    this.#release();
    this.#columns = this.#tokens.lowered(columns);
  }

  row(values: readonly SqlValue[]): void {
    this.#reply.write(this.#tokens.row(this.#columns, values));
  }

  get full(): boolean {
    return this.#reply.full;
  }

  async room(): Promise<void> {
    await this.#reply.room();
  }

  done(count: bigint | null, command: number): void {
    this.#hold(this.#kind, { count, command });
  }

  failed(notice: Notice): void {
    this.notice(notice);
    this.#hold(this.#kind, { error: true });
  }

  notice(notice: Notice): void {
    this.#release();
    this.#reply.write(this.#tokens.notice(notice));
  }

  changed(change: Change): void {
    this.#release();
    if (change.what === 'database') {
      this.#reply.write(this.#tokens.textChange(1, change.now, change.before));
      this.notice({ number: 5701, state: 2, severity: 0, message: `Changed database context to '${change.now}'.` });
      return;
    }
    const [now, before] = change.what === 'begun' ? [change.transaction, NOTHING] : [NOTHING, change.transaction];
    this.#reply.write(this.#tokens.byteChange(CHANGE_TYPES[change.what], now, before));
  }

  resetDone(): void {
    this.#reply.write(this.#tokens.byteChange(18, NOTHING, NOTHING));
  }

  /** From here on statements end with DONEINPROC, until `procedureDone`. */
  procedure(): void {
    this.#kind = 'doneInProc';
  }

  procedureDone(status: bigint | null, outputs: readonly ReturnValue[], failed: boolean): void {
    this.#release();
    if (status !== null) this.#reply.write(this.#tokens.returnStatus(Number(BigInt.asIntN(32, status))));
    for (const { ordinal, name, type, value } of outputs) {
      this.#reply.write(this.#tokens.returnValue(ordinal, name, type, value));
    }
    this.#kind = 'done';
    this.#hold('doneProc', { error: failed });
  }

  end(): void {
    const { kind, done } = this.#held ?? { kind: 'done' as const, done: {} };
    this.#write(kind, done);
    this.#reply.end();
  }

  /** The client wanted no more. That attention was paid is said in a message of its own (2.2.1.7). */
  interrupted(): void {
    this.#release();
    this.#write('done', { error: true });
    this.#reply.end();
  }

  #hold(kind: DoneKind, done: Done): void {
    this.#release();
    this.#held = { kind, done };
  }

  #release(): void {
    if (this.#held === null) return;
    const { kind, done } = this.#held;
    this.#held = null;
    this.#write(kind, { ...done, more: true });
  }

  #write(kind: DoneKind, done: Done): void {
    this.#reply.write(this.#tokens.done(kind, { ...done, inTransaction: this.#session.depth > 0 }));
  }
}

export interface ReturnValue {
  readonly ordinal: number;
  readonly name: string;
  readonly type: SqlType;
  readonly value: SqlValue;
}
