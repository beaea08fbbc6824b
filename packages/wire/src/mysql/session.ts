/**
 * A MySQL or MariaDB session after login: both halves, and what the relay may ask about them.
 *
 * Whatever the client sends that runs something is told, because the walk cuts packets and commands exactly as the server
 * does. What a statement's number stands for is known from the server's own answers. Statements prepared by SQL text
 * (`PREPARE`, `EXECUTE`) are on record as text.
 */
import { CROWDED } from '../pending.ts';
import type { Aside, Refusal, StatementSink, StatementWalker } from '../statements.ts';
import { type Agreed, Status } from './capabilities.ts';
import { Exchange } from './exchange.ts';
import { Replies } from './replies.ts';
import { Requests } from './requests.ts';

export interface SessionOptions extends Agreed {
  /** The server may ask for files of the client's (LOCAL INFILE). Where not, `localFiles` must not be agreed on either. */
  readonly localFiles: boolean;
  /** The status in the OK packet that ended the login. Default: none of it. */
  readonly status?: number;
}

export class MysqlSession implements StatementWalker {
  readonly #exchange: Exchange;
  readonly #requests: Requests;
  readonly #replies: Replies;
  /** After a refusal nothing more is read: what the streams mean is no longer known. */
  #refused: Refusal | null = null;

  /** Begins where the OK packet of the login ended. */
  constructor(sink: StatementSink, options: SessionOptions) {
    this.#exchange = new Exchange(sink, options);
    this.#requests = new Requests(this.#exchange);
    this.#replies = new Replies(this.#exchange, options.localFiles);
    this.#replies.status(options.status ?? 0);
  }

  fromClient(chunk: Uint8Array): Refusal | null {
    if (this.#refused !== null) return this.#refused;
    const refused = this.#requests.walk(chunk);
    this.#refused = refused;
    return refused;
  }

  get unread(): number {
    return this.#requests.unread;
  }

  get aside(): Aside | null {
    return this.#requests.gate.aside;
  }

  answered(code: string | null): void {
    this.#requests.gate.answered(code);
  }

  passedOn(): void {
    this.#requests.gate.passedOn();
  }

  fromServer(chunk: Uint8Array): Refusal | null {
    if (this.#refused !== null) return this.#refused;
    const refused = this.#replies.walk(chunk);
    this.#refused = refused;
    return refused;
  }

  get crowded(): boolean {
    return this.#exchange.pending.length > CROWDED || this.#requests.gate.waits;
  }

  get idle(): boolean {
    return (
      this.#exchange.pending.length === 0 &&
      this.#exchange.upload === null &&
      this.#requests.unread === 0 &&
      this.#requests.frames.between &&
      this.#replies.frames.between
    );
  }

  get inTransaction(): boolean {
    return (this.status & Status.inTransaction) !== 0;
  }

  /** The server's status flags, as it last said them. */
  get status(): number {
    return this.#replies.serverStatus;
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

  get sequence(): number {
    // The gateway's answer to a command that the server doesn't see.
    if (this.aside !== null) return 1;
    return this.#replies.sequence;
  }

  abandon(): void {
    this.#requests.gate.abandon();
    this.#replies.abandon();
  }
}
