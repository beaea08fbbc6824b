/**
 * Lines of an export held against each other: every entry's hash follows from the one before it and its own text, and
 * every checkpoint's signature is the key's. What is read is the text as it came: a line that was changed in any byte
 * has another hash.
 */

const GENESIS = '0'.repeat(64);
/** An entry's line, canonical: `at`, `data`, then its hash, then the rest. Greedy: what looks like it within `data` is data. */
const ENTRY = /^(\{"at":.*),"hash":"([0-9a-f]{64})"(,"kind":"(?:[^"\\]|\\.)*","seq":(\d+),"stream":"([^"]+)"\})$/s;
const utf8 = new TextEncoder();

interface Head {
  readonly seq: number;
  readonly hash: string;
}

export class Checker {
  readonly counts = { entries: 0, signatures: 0 };
  readonly #key: CryptoKey;
  readonly #heads = new Map<string, Head>();
  /** Checkpoints that attest more than has come yet. */
  readonly #promised = new Map<string, Head>();

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** What is wrong, as a sentence; null: nothing. */
  async take(lines: readonly string[]): Promise<string | null> {
    const checks: Promise<string | null>[] = [];
    for (const line of lines) {
      const entry = ENTRY.exec(line);
      const problem = entry === null ? this.#checkpoint(line, checks) : this.#entry(entry, checks);
      if (problem !== null) return problem;
    }
    return (await Promise.all(checks)).find((problem) => problem !== null) ?? null;
  }

  /** Nothing more comes: was there to be more? */
  end(): string | null {
    for (const [stream, { seq }] of this.#promised) {
      if ((this.#heads.get(stream)?.seq ?? 0) < seq) return `${stream} was cut off before ${seq}`;
    }
    return null;
  }

  #entry(
    [, before = '', hash = '', after = '', number = '', stream = '']: RegExpExecArray,
    checks: Promise<string | null>[],
  ) {
    const seq = Number(number);
    const head = this.#heads.get(stream) ?? { seq: 0, hash: GENESIS };
    if (seq !== head.seq + 1) return `${stream} goes on with ${seq} after ${head.seq}`;
    const promised = this.#promised.get(stream);
    if (promised?.seq === seq && promised.hash !== hash) return `entry ${seq} of ${stream} is not what was signed`;
    this.#heads.set(stream, { seq, hash });
    this.counts.entries += 1;
    checks.push(
      linked(head.hash, `${before}${after}`).then((made) =>
        made === hash ? null : `entry ${seq} of ${stream} was changed`,
      ),
    );
    return null;
  }

  #checkpoint(line: string, checks: Promise<string | null>[]): string | null {
    const parsed = parse(line);
    if (parsed === null) return `a line is neither entry nor checkpoint: ${line.slice(0, 60)}`;
    const { stream, seq, hash, at, keyId, signature } = parsed;
    const head = this.#heads.get(stream);
    if (head === undefined && seq > 0) {
      // A part of a stream begins after a signed checkpoint.
      this.#heads.set(stream, { seq, hash });
    } else if (head?.seq === seq && head.hash !== hash) {
      return `entry ${seq} of ${stream} is not what was signed`;
    } else if (head !== undefined && head.seq < seq) {
      this.#promised.set(stream, { seq, hash });
    }
    const signed = JSON.stringify({ at, hash, keyId, seq, stream });
    checks.push(
      crypto.subtle.verify('Ed25519', this.#key, bytesOf(atob(signature)), utf8.encode(signed)).then((good) => {
        if (good) this.counts.signatures += 1;
        return good ? null : `the signature at ${seq} of ${stream} is not good`;
      }),
    );
    return null;
  }
}

function parse(
  line: string,
): { stream: string; seq: number; hash: string; at: string; keyId: string; signature: string } | null {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) return null;
  const { stream, seq, hash, at, keyId, signature } = value as Record<string, unknown>;
  const texts = [stream, hash, at, keyId, signature];
  if (typeof seq !== 'number' || texts.some((text) => typeof text !== 'string')) return null;
  return {
    seq,
    stream: String(stream),
    hash: String(hash),
    at: String(at),
    keyId: String(keyId),
    signature: String(signature),
  };
}

/** `SHA-256(previous hash ‖ the entry without its own)`, hex in and hex out. */
async function linked(previous: string, fact: string): Promise<string> {
  const text = utf8.encode(fact);
  const all = new Uint8Array(32 + text.length);
  for (let index = 0; index < 32; index += 1)
    all[index] = Number.parseInt(previous.slice(index * 2, index * 2 + 2), 16);
  all.set(text, 32);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export const bytesOf = (binary: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(binary, (char) => char.charCodeAt(0));
