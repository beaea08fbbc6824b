/** One line of an export, from outside: an entry, a checkpoint, or neither. Members we do not know are refused. */
import type { StreamId } from '../ids.ts';
import type { JsonObject } from './canonical.ts';
import type { AuditEntry } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';

/** Longest line that is read, in characters: twice what a gateway may upload at once. */
export const LINE_MAX = 16 * 1024 * 1024;

export type ParsedLine =
  | { readonly is: 'entry'; readonly entry: AuditEntry }
  | { readonly is: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly is: 'malformed'; readonly message: string };

const ENTRY_MEMBERS = ['at', 'data', 'hash', 'kind', 'seq', 'stream'];
const CHECKPOINT_MEMBERS = ['at', 'hash', 'keyId', 'seq', 'signature', 'stream'];

/** Reads one line. Never throws. */
export function parseLine(line: string): ParsedLine {
  if (line.length > LINE_MAX) return malformed(`The line is longer than ${LINE_MAX} characters.`);
  // Text that is not valid Unicode has no canonical form (RFC 8785 3.2.2.2).
  if (!line.isWellFormed()) return malformed('The line is not valid Unicode.');
  const value = parseJson(line);
  if (!isObject(value)) return malformed('The line is not a JSON object.');
  const { stream, seq, at, hash } = value;
  if (typeof stream !== 'string' || stream === '') return malformed('The line names no stream.');
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1)
    return malformed('Its seq is not a number from 1.');
  if (typeof at !== 'string') return malformed('It has no time.');
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return malformed('Its hash is not 64 hex digits.');
  const common = { stream: stream as StreamId, seq, at, hash };
  return 'signature' in value ? asCheckpoint(value, common) : asEntry(value, common);
}

type Common = Pick<AuditEntry, 'stream' | 'seq' | 'at' | 'hash'>;

function asEntry(value: JsonObject, common: Common): ParsedLine {
  const { kind, data } = value;
  if (typeof kind !== 'string') return malformed('It has no kind.');
  if (!isObject(data)) return malformed('Its data is not an object.');
  const stranger = Object.keys(value).find((member) => !ENTRY_MEMBERS.includes(member));
  if (stranger !== undefined) return malformed('It has a member that no entry has.');
  return { is: 'entry', entry: { ...common, kind, data } };
}

function asCheckpoint(value: JsonObject, common: Common): ParsedLine {
  const { keyId, signature } = value;
  if (typeof keyId !== 'string' || typeof signature !== 'string') return malformed('The checkpoint is not whole.');
  const stranger = Object.keys(value).find((member) => !CHECKPOINT_MEMBERS.includes(member));
  if (stranger !== undefined) return malformed('It has a member that no checkpoint has.');
  return { is: 'checkpoint', checkpoint: { ...common, keyId, signature } };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(message: string): ParsedLine {
  return { is: 'malformed', message };
}
