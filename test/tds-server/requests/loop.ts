/** The requests of one session: one at a time, with attention heard while one runs (MS-TDS 2.2.1.7). */
import type { Duplex } from 'node:stream';
import { asSqlError, SqlError } from '../sql/errors.ts';
import type { Database, Instance } from '../sql/instance.ts';
import type { Principal } from '../sql/principals.ts';
import { type Change, Session, type SessionFacts } from '../sql/session.ts';
import { type Message, PacketType } from '../wire/packets.ts';
import { Malformed } from '../wire/reader.ts';
import { ClientGone, Reply } from '../wire/reply.ts';
import type { Tokens } from '../wire/tokens.ts';
import { Answer } from './answer.ts';
import { runBatch } from './batch.ts';
import { BulkLoad } from './bulk.ts';
import { Handles } from './handles.ts';
import { runCalls } from './rpc.ts';
import { runTransactionAsk } from './transaction.ts';

export interface LoopOptions {
  readonly stream: Duplex;
  readonly instance: Instance;
  readonly database: Database;
  readonly principal: Principal;
  readonly tokens: Tokens;
  readonly packetSize: number;
  readonly facts: SessionFacts;
  readonly kill: () => void;
}

/** What a request's handler works with. */
export interface RequestContext {
  readonly session: Session;
  readonly answer: Answer;
  readonly signal: AbortSignal;
  readonly handles: Handles;
  readonly bulk: BulkLoad;
}

/** Why a request's signal aborts. */
class Attention extends Error {}

export class RequestLoop {
  readonly #options: LoopOptions;
  readonly #session: Session;
  readonly #handles = new Handles();
  readonly #bulk = new BulkLoad();
  readonly #waiting: Message[] = [];
  #running: AbortController | null = null;
  #answer: Answer | null = null;
  #closed = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#session = new Session(options.instance, options.database, options.principal, options.facts, (change) =>
      this.#changed(change),
    );
    const session = this.#session;
    const running = () => this.#running !== null;
    options.instance.enter({
      spid: options.facts.spid,
      loginName: options.principal.login,
      hostName: options.facts.hostName,
      programName: options.facts.application,
      loginTime: session.loginTime,
      address: options.facts.address,
      get database() {
        return session.database.name;
      },
      get openTransactions() {
        return session.depth;
      },
      get running() {
        return running();
      },
      kill: options.kill,
    });
  }

  message(message: Message): void {
    if (message.type === PacketType.attention) {
      if (this.#running === null) this.#acknowledge();
      else this.#running.abort(new Attention('attention'));
      return;
    }
    this.#waiting.push(message);
    if (this.#running === null) void this.#work();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.length = 0;
    this.#running?.abort(new Attention('the client has gone'));
    this.#options.instance.leave(this.#options.facts.spid);
    // What runs still uses the connection; it closes it when it is over.
    if (this.#running === null) this.#session.close();
  }

  /** Attention that came when its request was over already is answered all the same. */
  #acknowledge(): void {
    const reply = this.#reply();
    reply.write(this.#options.tokens.done('done', { attention: true }));
    reply.end();
  }

  #reply(): Reply {
    const { stream, packetSize, facts } = this.#options;
    return new Reply(stream, packetSize, facts.spid);
  }

  async #work(): Promise<void> {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      this.#running = new AbortController();
      const answer = new Answer(this.#reply(), this.#options.tokens, this.#session);
      this.#answer = answer;
      try {
        await this.#request(message, answer, this.#running.signal);
      } catch (error) {
        this.#failed(error, answer);
      }
      this.#running = null;
      this.#answer = null;
    }
    if (this.#closed) this.#session.close();
  }

  async #request(message: Message, answer: Answer, signal: AbortSignal): Promise<void> {
    if (message.reset !== 'no') {
      this.#session.reset(message.reset === 'all but the transaction');
      answer.resetDone();
    }
    // The client has thought better of it while it was still sending (2.2.3.1.2).
    if (!message.ignored)
      await this.#run(message, { session: this.#session, answer, signal, handles: this.#handles, bulk: this.#bulk });
    // Attention that came at the very end of its request.
    signal.throwIfAborted();
    answer.end();
  }

  async #run(message: Message, context: RequestContext): Promise<void> {
    const { tdsVersion } = this.#options.facts;
    switch (message.type) {
      case PacketType.batch:
        return await runBatch(message.payload, tdsVersion, context);
      case PacketType.rpc:
        return await runCalls(message.payload, tdsVersion, context);
      case PacketType.bulk:
        return await this.#bulk.load(message.payload, tdsVersion, context);
      case PacketType.transaction:
        return runTransactionAsk(message.payload, tdsVersion, context);
      default:
        throw new Malformed(`a message of type ${message.type}`);
    }
  }

  #failed(error: unknown, answer: Answer): void {
    if (this.#closed || error instanceof ClientGone) return;
    if (this.#running?.signal.aborted) {
      answer.interrupted();
      this.#acknowledge();
      return;
    }
    const told = asSqlError(error, { database: this.#session.database.name, verb: '' });
    if (told instanceof SqlError) {
      answer.failed(told.notice);
      answer.end();
    } else {
      this.#options.kill();
      if (!(error instanceof Malformed)) throw error;
    }
  }

  #changed(change: Change): void {
    const answer = this.#answer;
    if (answer === null) return;
    answer.changed(change);
  }
}
