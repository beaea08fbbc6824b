/**
 * The record checked in the browser, from the export and the public key alone: as `tidegate audit verify` does, by the
 * browser's own cryptography. It is checked as it comes; nothing of it is kept.
 */
import type { auditQuery } from '@tidegate/contract';
import type { z } from 'zod';
import { api } from '../../api/client.ts';
import { record as words } from '../../words/record.ts';
import { bytesOf, Checker } from './check.ts';

export interface Checked {
  readonly state: 'running' | 'whole' | 'broken';
  readonly entries: number;
  /** Checkpoints whose signature is good. */
  readonly signatures: number;
  /** The first thing that is wrong. */
  readonly problem: string | null;
}

/** Lines that are hashed at once. */
const BATCH = 500;

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

async function publicKey(pem: string): Promise<CryptoKey> {
  const der = bytesOf(atob(pem.replace(/-----[^-]+-----|\s/g, '')));
  try {
    return await crypto.subtle.importKey('spki', der, 'Ed25519', true, ['verify']);
  } catch (cause) {
    throw new Error(words.cannot, { cause });
  }
}

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
