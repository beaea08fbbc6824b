/**
 * A SQL Server session after login: both halves, and what the relay may ask about them.
 *
 * Text is told as it was sent: in UTF-16, little-endian. What a prepared handle stands for is known from the answers
 * that tell it. A handle that SQL text made (EXEC sp_prepare) is told by its number alone; its text is on record with
 * the batch that made it.
 *
 * A message of our own can be put where a packet ends and no token is cut in two. While rows stream, packets end within
 * rows nearly always; so when the session is to be cut, `toBoundary` ends a packet earlier, between two tokens.
 */
import { CROWDED } from '../pending.ts';
import type { Aside, Refusal, StatementSink, StatementWalker } from '../statements.ts';
import { Exchange } from './exchange.ts';
import { Replies } from './replies.ts';
import { Requests } from './requests.ts';

export interface SessionStart {
  /** As LOGINACK told. */
  readonly version: number;
}

export class SqlServerSession implements StatementWalker {
  /** Attention comes on the session's own connection, and means the same to the server behind it. */
  readonly unread = 0;
  readonly aside: Aside | null = null;
  /** Packets are numbered, but nobody looks. */
  readonly sequence = 0;
  /** Nothing in the protocol says goodbye: a client just closes. */
  readonly goodbye = false;
  readonly #exchange: Exchange;
  readonly #requests: Requests;
  readonly #replies: Replies;
  /** After a refusal nothing more is read: what the streams mean is no longer known. */
  #refused: Refusal | null = null;
  /** A chunk that `toBoundary` has walked already. */
  #ahead: Uint8Array | null = null;

  /** Begins where the response to the login ended. */
  constructor(sink: StatementSink, { version }: SessionStart) {
    this.#exchange = new Exchange(sink, version);
    this.#requests = new Requests(this.#exchange);
    this.#replies = new Replies(this.#exchange);
  }

  fromClient(chunk: Uint8Array): Refusal | null {
    this.#refused ??= this.#requests.walk(chunk);
    if (this.#exchange.answeredEarly) this.#replies.settleEarly();
    return this.#refused;
  }

  fromServer(chunk: Uint8Array): Refusal | null {
    if (chunk === this.#ahead) this.#ahead = null;
    else this.#refused ??= this.#replies.walk(chunk);
    return this.#refused;
  }

  answered(): void {}

  passedOn(): void {}

  get crowded(): boolean {
    return this.#exchange.pending.length > CROWDED;
  }

  get idle(): boolean {
    return this.#replies.settled && this.#requests.between && this.#replies.remainder === 0;
  }

  get inTransaction(): boolean {
    return this.#replies.inTransaction;
  }

  get serverRemainder(): number {
    return this.#replies.remainder;
  }

  /** Reads the chunk, and may shorten a packet in it. It must be given to `fromServer` next. */
  toBoundary(chunk: Uint8Array): number {
    if (this.#replies.remainder === 0) return 0;
    if (this.#refused !== null) return -1;
    this.#ahead = chunk;
    this.#refused = this.#replies.walkAhead(chunk);
    return this.#replies.cutAt;
  }

  abandon(): void {
    this.#replies.abandon();
  }
}
