/**
 * A PostgreSQL session after login: both halves, and what the relay may ask about them.
 *
 * Whatever the client sends that runs something is told, because the walk cuts messages exactly as the server does. What
 * a name stands for is known from the protocol's own messages, and from DEALLOCATE ALL and DISCARD ALL when they are
 * done. SQL text that drops one name and makes another thing under it (DEALLOCATE and PREPARE, CLOSE and DECLARE) is on
 * record as text, but not read: an execution by that name is then told with the statement that the protocol last put
 * there, and its outcome's tag is what it truly did.
 */
import { CROWDED } from '../pending.ts';
import type { Aside, Refusal, StatementSink, StatementWalker } from '../statements.ts';
import { Exchange } from './exchange.ts';
import { Replies } from './replies.ts';
import { Requests } from './requests.ts';

export class PostgresSession implements StatementWalker {
  /** Cancelling has a connection of its own here: no command is for the gateway to answer. */
  readonly unread = 0;
  readonly aside: Aside | null = null;
  readonly sequence = 0;
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

  answered(): void {}

  passedOn(): void {}

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
    this.#replies.abandon();
  }
}
