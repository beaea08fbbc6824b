/** The gateway as SCRAM client towards the real server (RFC 5802, 5929, 7677). */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { attribute, base64, bytes, malformed, nonce, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, text } from './attributes.ts';
import { hmac, type ScramKeys, same, scramKeys, sha256, xor } from './keys.ts';

export interface ScramClientOptions {
  /** Random: printable ASCII without a comma, at least 18 random bytes in base64. */
  readonly nonce: string;
  /** The mechanisms the server offered. */
  readonly offered: readonly string[];
  /** tls-server-end-point: the hash of the server's certificate (RFC 5929); null without TLS. */
  readonly endPoint: Uint8Array | null;
  /** Keys kept from before; used when the server names their salt and iterations. */
  readonly keys?: ScramKeys | null;
  /** For when the keys don't fit. Without it, another salt than the keys' is a refusal. */
  readonly password?: string | null;
  /** PostgreSQL takes the user from the startup packet and ignores this one; libpq leaves it empty, the default. */
  readonly user?: string;
  /** Fewer would let a false server collect a cheap hash of the password. Default 4096 (RFC 7677 section 4). */
  readonly minIterations?: number;
  /** More would let a server keep this process busy. Default 100,000: some 30 ms. */
  readonly maxIterations?: number;
}

export class ScramClient {
  readonly #options: ScramClientOptions;
  /** -PLUS whenever it can be had: TLS here, and offered there. */
  readonly mechanism: typeof SCRAM_SHA_256 | typeof SCRAM_SHA_256_PLUS;
  readonly #header: string;
  #expected: Buffer | null = null;
  #keys: ScramKeys | null = null;
  #state: 'first' | 'final' | 'verify' | 'done' = 'first';

  /** Throws ProtocolError when the server offers no mechanism we speak. */
  constructor(options: ScramClientOptions) {
    this.#options = options;
    const plus = options.endPoint !== null && options.offered.includes(SCRAM_SHA_256_PLUS);
    if (!plus && !options.offered.includes(SCRAM_SHA_256)) {
      throw new ProtocolError('server', SqlState.featureNotSupported, 'the server offers no SCRAM-SHA-256');
    }
    this.mechanism = plus ? SCRAM_SHA_256_PLUS : SCRAM_SHA_256;
    // `y` over TLS says that we would have, so that a server whose offer was taken away on the path can tell.
    const flag = plus ? 'p=tls-server-end-point' : options.endPoint !== null ? 'y' : 'n';
    this.#header = `${flag},,`;
  }

  /** The keys that were used, to be kept for the next connection; null before `final`. */
  get keys(): ScramKeys | null {
    return this.#keys;
  }

  /** The client-first-message, for SASLInitialResponse. */
  first(): Buffer {
    this.#advance('first', 'final');
    return bytes(`${this.#header}${this.#bare()}`);
  }

  /** Takes the server-first-message and gives the client-final-message with the proof. Throws ProtocolError. */
  final(serverFirst: Uint8Array): Buffer {
    this.#advance('final', 'verify');
    const received = text(serverFirst, 'server');
    const [noncePart, saltPart, iterationPart] = received.split(',', 3);
    const fullNonce = nonce(attribute(noncePart, 'r', 'server'), 'server');
    // The server must add to our nonce, or an old exchange could be played back to us.
    if (!fullNonce.startsWith(this.#options.nonce) || fullNonce.length === this.#options.nonce.length) {
      throw malformed('server', 'nonce');
    }
    const salt = base64(attribute(saltPart, 's', 'server'), 'server');
    const keys = this.#keysFor(salt, this.#iterations(attribute(iterationPart, 'i', 'server')));
    this.#keys = keys;

    const endPoint = this.mechanism === SCRAM_SHA_256_PLUS ? this.#options.endPoint : null;
    const binding = Buffer.concat([bytes(this.#header), endPoint ?? Buffer.alloc(0)]).toString('base64');
    const withoutProof = `c=${binding},r=${fullNonce}`;
    const signed = bytes(`${this.#bare()},${received},${withoutProof}`);
    const proof = xor(keys.clientKey, hmac(sha256(keys.clientKey), signed)).toString('base64');
    this.#expected = hmac(keys.serverKey, signed);
    return bytes(`${withoutProof},p=${proof}`);
  }

  /** Takes the server-final-message: throws ProtocolError unless the server proved that it holds the verifier. */
  verify(serverFinal: Uint8Array): void {
    this.#advance('verify', 'done');
    const received = text(serverFinal, 'server');
    if (received.startsWith('e=')) {
      throw new ProtocolError('server', SqlState.invalidPassword, 'the server refused the SCRAM exchange');
    }
    const [part] = received.split(',', 1);
    const signature = base64(attribute(part, 'v', 'server'), 'server');
    if (this.#expected === null || !same(signature, this.#expected)) {
      throw new ProtocolError('server', SqlState.invalidAuthorization, 'the server could not prove who it is');
    }
  }

  #bare(): string {
    return `n=${this.#options.user ?? ''},r=${this.#options.nonce}`;
  }

  #iterations(value: string): number {
    const { minIterations = 4096, maxIterations = 100_000 } = this.#options;
    const iterations = /^[1-9][0-9]{0,8}$/.test(value) ? Number(value) : 0;
    if (iterations < minIterations || iterations > maxIterations) throw malformed('server', 'iteration count');
    return iterations;
  }

  #keysFor(salt: Buffer, iterations: number): ScramKeys {
    const { keys, password } = this.#options;
    if (keys && keys.iterations === iterations && same(keys.salt, salt)) return keys;
    if (password === null || password === undefined) {
      throw new ProtocolError('server', SqlState.invalidPassword, 'the server uses another SCRAM salt than expected');
    }
    return scramKeys(password, salt, iterations);
  }

  #advance(from: 'first' | 'final' | 'verify', to: 'final' | 'verify' | 'done'): void {
    if (this.#state !== from) throw malformed('server', 'out of order');
    this.#state = to;
  }
}
