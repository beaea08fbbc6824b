/** A PostgreSQL session after login: both halves, and what the relay may ask about them. */
import type { Refusal, StatementSink, StatementWalker } from '../statements.ts';
import { CROWDED, Exchange } from './exchange.ts';
import { Replies } from './replies.ts';
import { Requests } from './requests.ts';

export class PostgresSession implements StatementWalker {
  readonly #exchange: Exchange;
  readonly #requests: Requests;
  readonly #replies: Replies;
  /** After a refusal nothing more is read: what the streams mean is no longer known. */
  #refused: Refusal | null = null;

  /** Begins where the server's first ReadyForQuery ended. */
  constructor(sink: StatementSink) {
    this.#exchange = new Exchange(sink);
    this.#requests = new Requests(this.#exchange);
    this.#replies = new Replies(this.#exchange);
  }

  fromClient(chunk: Uint8Array): Refusal | null {
    if (this.#refused !== null) return this.#refused;
    const refused = this.#requests.walk(chunk);
    this.#refused = refused;
    return refused;
  }

  fromServer(chunk: Uint8Array): Refusal | null {
    if (this.#refused !== null) return this.#refused;
    const refused = this.#replies.walk(chunk);
    this.#refused = refused;
    return refused;
  }

  get crowded(): boolean {
    return this.#exchange.pending.length > CROWDED;
  }

  get idle(): boolean {
    return this.#replies.settled && this.#requests.frames.remainder === 0 && this.#replies.frames.remainder === 0;
  }

  get inTransaction(): boolean {
    return this.#replies.inTransaction;
  }

  get goodbye(): boolean {
    return this.#requests.goodbye;
  }

  get serverRemainder(): number {
    return this.#replies.frames.remainder;
  }

  toBoundary(chunk: Uint8Array): number {
    return this.#replies.frames.toBoundary(chunk);
  }

  abandon(): void {
    this.#exchange.abandon();
  }
}
