/**
 * Cancel keys. Clients get keys of the gateway's own, never the database's: the low byte of the number says which worker
 * the session lives in, all else is random. A key that fits nothing has no effect and no answer.
 */
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import type { RandomBytes, SessionId } from '@tidegate/core';
import type { Permit } from './admit.ts';
import type { CancelDesk, CancelKey } from './arrival.ts';
import type { Sessions } from './sessions.ts';

export interface CancelsOptions {
  readonly worker: number;
  readonly sessions: Sessions;
  readonly random: RandomBytes;
  /** To the worker with this number. */
  readonly pass: (worker: number, key: string) => void;
}

export class Cancels implements CancelDesk {
  readonly #options: CancelsOptions;
  readonly #keys = new Map<number, { readonly session: SessionId; readonly secret: Buffer }>();
  readonly #numbers = new Map<SessionId, number>();

  constructor(options: CancelsOptions) {
    this.#options = options;
  }

  /** The number has 23 random bits beside the worker's 8, so that even the shortest secret (4 bytes) makes 55. */
  keyFor({ session }: Permit, secretBytes: number): CancelKey {
    const secret = Buffer.from(this.#options.random(secretBytes));
    let number: number;
    do {
      const high = Buffer.from(this.#options.random(4)).readUInt32BE(0) >>> 9;
      // Positive as a signed number, and not 0: some clients take that for no key.
      number = (high << 8) | this.#options.worker;
    } while (number === 0 || this.#keys.has(number));
    this.#keys.set(number, { session, secret });
    this.#numbers.set(session, number);
    return { number, secret };
  }

  /** The session is over: its key fits nothing any more. */
  forget(session: SessionId): void {
    const number = this.#numbers.get(session);
    if (number !== undefined) this.#keys.delete(number);
    this.#numbers.delete(session);
  }

  async cancel(key: CancelKey): Promise<void> {
    const worker = key.number & 0xff;
    if (worker === this.#options.worker) await this.#here(key);
    else this.#options.pass(worker, format(key));
  }

  /** A key that another worker was shown. */
  async passed(text: string): Promise<void> {
    const key = parse(text);
    if (key !== null) await this.#here(key);
  }

  async #here({ number, secret }: CancelKey): Promise<void> {
    const known = this.#keys.get(number);
    if (known === undefined || secret.length !== known.secret.length) return;
    if (!timingSafeEqual(secret, known.secret)) return;
    await this.#options.sessions.get(known.session)?.cancel();
  }
}

const format = ({ number, secret }: CancelKey): string => `${number}.${secret.toString('hex')}`;

function parse(text: string): CancelKey | null {
  const [, number, secret] = /^(-?\d{1,10})\.([0-9a-f]*)$/.exec(text) ?? [];
  return number === undefined || secret === undefined
    ? null
    : { number: Number(number), secret: Buffer.from(secret, 'hex') };
}
