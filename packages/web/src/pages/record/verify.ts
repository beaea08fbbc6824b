/**
 * The record checked in the browser, from the export and the public key alone: as `tidegate audit verify` does, by the
 * browser's own cryptography. It is checked as it comes; nothing of it is kept.
 */
import type { auditQuery } from '@tidegate/contract';
import type { z } from 'zod';
import { api } from '../../api/client.ts';
import { record as words } from '../../words/record.ts';

export interface Checked {
  readonly state: 'running' | 'whole' | 'broken';
  readonly entries: number;
  /** Checkpoints whose signature is good. */
  readonly signatures: number;
  /** The first thing that is wrong. */
  readonly problem: string | null;
}

const GENESIS = '0'.repeat(64);
/** An entry's line, canonical: `at`, `data`, then its hash, then the rest. Greedy: what looks like it within `data` is data. */
const ENTRY = /^(\{"at":.*),"hash":"([0-9a-f]{64})"(,"kind":"(?:[^"\\]|\\.)*","seq":(\d+),"stream":"([^"]+)"\})$/s;
/** Lines that are hashed at once. */
const BATCH = 500;

const utf8 = new TextEncoder();

/** Tells how it goes, and at last how it is. Rejects when the export cannot be read, or the browser cannot do it. */
export async function verifyExport(
  query: z.input<typeof auditQuery>,
  signal: AbortSignal,
  tell: (checked: Checked) => void,
): Promise<void> {
  const key = await publicKey((await api.auditKey({}, { signal })).publicKey);
  const lines = linesOf(await api.exportAudit(query, { signal }));
  const checker = new Checker(key);
  let batch: string[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length < BATCH) continue;
    const problem = await checker.take(batch);
    if (problem !== null) return tell({ ...checker.counts, state: 'broken', problem });
    batch = [];
    tell({ ...checker.counts, state: 'running', problem: null });
  }
  const problem = (await checker.take(batch)) ?? checker.end();
  tell({ ...checker.counts, state: problem === null ? 'whole' : 'broken', problem });
}

interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** Exported for its test. */
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

async function publicKey(pem: string): Promise<CryptoKey> {
  const der = bytesOf(atob(pem.replace(/-----[^-]+-----|\s/g, '')));
  try {
    return await crypto.subtle.importKey('spki', der, 'Ed25519', true, ['verify']);
  } catch (cause) {
    throw new Error(words.cannot, { cause });
  }
}

const bytesOf = (binary: string): Uint8Array<ArrayBuffer> => Uint8Array.from(binary, (char) => char.charCodeAt(0));

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = parts.pop() ?? '';
      yield* parts.filter((line) => line !== '');
      if (done) break;
    }
  } finally {
    await reader.cancel();
  }
  if (rest !== '') yield rest;
}
