/**
 * What stands for a statement under `record.values: fingerprint`: neither its text nor its values are ever written down.
 * `pg:…` is the engine's own fingerprint of the statement's shape, equal for all statements that differ by constants
 * alone. Where the statement can't be parsed (or is too large to), `hmac:…` is a hash under the gateway's own key, so
 * that equal texts can be seen to be equal, yet nobody without the key can try texts against it.
 */
import { createHmac, type Hmac } from 'node:crypto';
import type { Engine } from '@tidegate/core';
import type { ShapeOf } from '../engines/engine.ts';
import { engineOf } from '../engines/engines.ts';

/** Above this, in bytes, parsing would hold up the sessions of this worker (about 50 µs for 100 bytes). */
const PARSE_MAX = 16 * 1024;
const REMEMBERED = 1_000;
const REMEMBERED_MAX = 2_048;

export class Fingerprints {
  readonly #key: Buffer;
  readonly #loaded = new Map<Engine, ShapeOf>();
  /** Prepared statements come again and again with the same text. */
  readonly #known = new Map<string, string>();

  /** `key`: 32 random bytes, the same for all runs of a gateway. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** Resolves when statements of this engine can be fingerprinted; until then they are hashed. */
  async prepare(engine: Engine): Promise<void> {
    const { shape } = engineOf(engine);
    if (shape !== null && !this.#loaded.has(engine)) this.#loaded.set(engine, await shape());
  }

  /** The fingerprint of a whole statement. */
  of(engine: Engine, bytes: Uint8Array, start: number, end: number): string {
    const shape = this.#loaded.get(engine);
    const size = end - start;
    if (shape === undefined || size > PARSE_MAX) return this.hash(bytes, start, end);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, size).toString('utf8');
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const found = shape(text) ?? this.hash(bytes, start, end);
    if (size <= REMEMBERED_MAX) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(text, found);
    }
    return found;
  }

  hash(bytes: Uint8Array, start: number, end: number): string {
    return finishHash(this.begin().update(bytes.subarray(start, end)));
  }

  /** For a statement that comes in parts. */
  begin(): Hmac {
    return createHmac('sha256', this.#key);
  }
}

export const finishHash = (hmac: Hmac): string => `hmac:${hmac.digest('hex').slice(0, 32)}`;
