/**
 * Numbers of connections, for protocols in which a client stops another of its connections by the number that this one
 * was greeted with (MySQL's `KILL`). They are the gateway's own, unique over its workers. They are no secret: who may use
 * one is decided by the grant, whose sessions may stop each other and nobody else's.
 */
import { Buffer } from 'node:buffer';
import type { RandomBytes, SessionId } from '@tidegate/core';
import type { Permit } from './admit.ts';
import type { CancelScope } from './engine.ts';
import type { Sessions } from './sessions.ts';

/**
 * `foreign`: not a number that gateways give. `unknown`: one that nobody has (now). `denied`: another grant's. `failed`:
 * the database did not hear of it.
 */
export type Killed = 'done' | 'foreign' | 'unknown' | 'denied' | 'failed';

export interface KillDesk {
  /** A number for a client that is greeted: before anybody knows who it is. */
  next(): number;
  /** Whose session the number is from now on. */
  assign(number: number, permit: Permit): void;
  /** What `permit`'s session asks of the connection with this number. Resolves when all that comes of it was done. */
  kill(number: number, scope: CancelScope, permit: Permit): Promise<Killed>;
}

export interface KillsOptions {
  readonly worker: number;
  readonly sessions: Pick<Sessions, 'get'>;
  readonly random: RandomBytes;
  /** To the worker with this number: what its `passed` takes. */
  readonly pass: (worker: number, text: string) => void;
}

/**
 * Bits of a number: 30 says that a gateway gave it (servers count from 1, and few live to a thousand million), then 22 of
 * a counter, then the worker's 8. Positive as a signed number, for clients that take it for one.
 */
const OURS = 2 ** 30;
const COUNTER_BITS = 22;
const COUNTER_MASK = 2 ** COUNTER_BITS - 1;
/** Another worker has so long to answer, in milliseconds; one that is gone has no sessions either. */
const ANSWER_MS = 7_000;

const RESULTS: readonly Killed[] = ['done', 'unknown', 'denied', 'failed'];

export class Kills implements KillDesk {
  readonly #options: KillsOptions;
  readonly #sessions = new Map<number, SessionId>();
  readonly #numbers = new Map<SessionId, number>();
  /** Asked of other workers, by the number of the question. */
  readonly #asked = new Map<number, (killed: Killed) => void>();
  #counter: number;
  #question = 0;

  constructor(options: KillsOptions) {
    this.#options = options;
    // Not from 0, so that a worker that took another's place does not give out the same numbers.
    this.#counter = Buffer.from(options.random(4)).readUInt32BE(0) & COUNTER_MASK;
  }

  next(): number {
    let number: number;
    do {
      this.#counter = (this.#counter + 1) & COUNTER_MASK;
      number = OURS + this.#counter * 256 + this.#options.worker;
    } while (this.#sessions.has(number));
    return number;
  }

  assign(number: number, { session }: Permit): void {
    this.#sessions.set(number, session);
    this.#numbers.set(session, number);
  }

  /** The session is over: its number is nobody's any more. */
  forget(session: SessionId): void {
    const number = this.#numbers.get(session);
    if (number !== undefined) this.#sessions.delete(number);
    this.#numbers.delete(session);
  }

  async kill(number: number, scope: CancelScope, { grant }: Permit): Promise<Killed> {
    if (number < OURS || number >= 2 * OURS) return 'foreign';
    const worker = number & 0xff;
    if (worker === this.#options.worker) return this.#here(number, scope, grant.id);
    const question = ++this.#question;
    const { promise, resolve } = Promise.withResolvers<Killed>();
    const timer = setTimeout(() => resolve('unknown'), ANSWER_MS);
    this.#asked.set(question, resolve);
    this.#options.pass(worker, `kill ${question} ${this.#options.worker} ${number} ${scope} ${grant.id}`);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#asked.delete(question);
    });
  }

  /** What another worker asks or answers; false when the text is neither. */
  passed(text: string): boolean {
    const asked = /^kill (\d+) (\d+) (\d+) (statement|connection) (\S+)$/.exec(text);
    const answered = /^killed (\d+) (done|unknown|denied|failed)$/.exec(text);
    if (asked !== null) {
      const [, question, worker, number, scope, grant = ''] = asked;
      const kill = this.#here(Number(number), scope === 'statement' ? 'statement' : 'connection', grant);
      void kill.then((killed) => this.#options.pass(Number(worker), `killed ${question} ${killed}`));
    }
    if (answered !== null) {
      const [, question, killed] = answered;
      this.#asked.get(Number(question))?.(RESULTS.find((one) => one === killed) ?? 'unknown');
    }
    return asked !== null || answered !== null;
  }

  async #here(number: number, scope: CancelScope, grant: string): Promise<Killed> {
    const id = this.#sessions.get(number);
    const session = id === undefined ? null : this.#options.sessions.get(id);
    if (session === null) return 'unknown';
    if (session.permit.grant.id !== grant) return 'denied';
    return (await session.cancel(scope)) ? 'done' : 'failed';
  }
}
