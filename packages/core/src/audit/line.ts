/**
 * One line of an export, from outside: an entry, a checkpoint, or neither. A line is compared with the canonical text of
 * what was understood of it, so that nothing stands there that no hash or signature covers: no space, no member given
 * twice, none that we do not know.
 */
import type { StreamId } from '../ids.ts';
import { canonicalJson, type JsonObject, NotCanonicalError } from './canonical.ts';
import { type AuditEntry, entryText, factText } from './chain.ts';
import { type Checkpoint, checkpointLine } from './checkpoint.ts';

/** Longest line that is read, in characters: twice what a gateway may upload at once. */
export const LINE_MAX = 16 * 1024 * 1024;

export type ParsedLine =
  /** `fact`: the text that its hash covers. */
  | { readonly is: 'entry'; readonly entry: AuditEntry; readonly fact: string }
  | { readonly is: 'checkpoint'; readonly checkpoint: Checkpoint }
  /** With stream and seq where they could be read. */
  | {
      readonly is: 'malformed';
      readonly message: string;
      readonly stream: StreamId | null;
      readonly seq: number | null;
    };

/** Reads one line. Never throws for what stands in it. */
export function parseLine(line: string): ParsedLine {
  if (line.length > LINE_MAX) return malformed(`The line is longer than ${LINE_MAX} characters.`);
  const value = parseJson(line);
  if (!isObject(value)) return malformed('The line is not a JSON object.');
  const { stream, seq, at, hash } = value;
  if (typeof stream !== 'string' || stream === '') return malformed('It names no stream.');
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return malformed('It has no seq from 1.');
  const common = { stream: stream as StreamId, seq };
  if (typeof at !== 'string') return malformed('It has no time.', common);
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return malformed('Its hash is not a hash.', common);
  try {
    const known = { ...common, at, hash };
    return Object.hasOwn(value, 'signature') ? asCheckpoint(line, value, known) : asEntry(line, value, known);
  } catch (error) {
    if (error instanceof NotCanonicalError) return malformed(`${error.message}.`, common);
    throw error;
  }
}

type Known = Pick<AuditEntry, 'stream' | 'seq' | 'at' | 'hash'>;

function asEntry(line: string, value: JsonObject, known: Known): ParsedLine {
  const { kind, data } = value;
  if (typeof kind !== 'string') return malformed('It has no kind.', known);
  if (!isObject(data)) return malformed('It has no data.', known);
  const entry: AuditEntry = { ...known, kind, data };
  const dataText = canonicalJson(data);
  if (entryText(entry, dataText) !== line) return notCanonical(known);
  return { is: 'entry', entry, fact: factText(entry, dataText) };
}

function asCheckpoint(line: string, value: JsonObject, known: Known): ParsedLine {
  const { keyId, signature } = value;
  if (typeof keyId !== 'string' || typeof signature !== 'string') return malformed('It is not whole.', known);
  const checkpoint: Checkpoint = { ...known, keyId, signature };
  return checkpointLine(checkpoint) === line ? { is: 'checkpoint', checkpoint } : notCanonical(known);
}

/** The value, or undefined where the text is not JSON. */
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

function notCanonical(known: Known): ParsedLine {
  return malformed('The line is not written as an export writes it.', known);
}

function malformed(message: string, known: Partial<Known> = {}): ParsedLine {
  return { is: 'malformed', message, stream: known.stream ?? null, seq: known.seq ?? null };
}
