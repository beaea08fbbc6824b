/** Chains and exports for the tests, with keys of their own. */
import { generateKeyPairSync } from 'node:crypto';
import {
  type AuditEntry,
  append,
  type ChainHead,
  checkpointLine,
  entryLine,
  type JsonObject,
  newChain,
  type StreamId,
  signCheckpoint,
} from '../../src/index.ts';

export const keys = generateKeyPairSync('ed25519');
export const otherKeys = generateKeyPairSync('ed25519');
export const AT = '2026-11-22T09:00:00.000Z';
export const stream = (text: string): StreamId => text as StreamId;

/** `count` entries of one stream, in order, after `head`. */
export function chain(name: string, count: number, head: ChainHead = newChain(stream(name))): AuditEntry[] {
  const entries: AuditEntry[] = [];
  let last = head;
  for (let index = 0; index < count; index++) {
    const data: JsonObject = { n: index, person: 'alice', text: `select ${index}`, values: [index, null, 'ü😀'] };
    const entry = append(last, { at: AT, kind: 'statement', data });
    entries.push(entry);
    last = entry;
  }
  return entries;
}

export const lines = (entries: readonly AuditEntry[]): string[] => entries.map(entryLine);

export function checkpoint(head: ChainHead | undefined, key = keys.privateKey): string {
  if (head === undefined) throw new Error('no such entry');
  return checkpointLine(signCheckpoint(head, AT, key));
}
