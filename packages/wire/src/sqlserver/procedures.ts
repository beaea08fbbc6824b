/**
 * The procedures that prepare and run statements (MS-TDS 2.2.6.6): by number or by name, and what each of their
 * parameters is. All others are recorded as calls.
 */
import { uint16At } from './integers.ts';

/** What a procedure does, as far as the record treats it in a way of its own. */
export interface Procedure {
  /** Places of its parameters, from 0; -1 where it has no such. A handle that comes in. */
  readonly handle: number;
  readonly declarations: number;
  readonly text: number;
  /** The first parameter that is a value for the statement; -1: it runs nothing. */
  readonly values: number;
  /** What it gives back: a prepared handle, a cursor (first the one, then the other). */
  readonly givesHandle: boolean;
  readonly givesCursor: boolean;
  /** Ends what the handle stands for. */
  readonly drops: boolean;
  /** The handle that comes in is a cursor's; it is recorded as a call. */
  readonly ofCursor: boolean;
}

const NONE: Procedure = {
  handle: -1,
  declarations: -1,
  text: -1,
  values: -1,
  givesHandle: false,
  givesCursor: false,
  drops: false,
  ofCursor: false,
};

const CURSOR_FETCH: Procedure = { ...NONE, handle: 0, ofCursor: true };

const PROCEDURES: ReadonlyMap<number, Procedure> = new Map<number, Procedure>([
  [2, { ...NONE, text: 1, values: 2, givesCursor: true }], // sp_cursoropen
  [3, { ...NONE, declarations: 1, text: 2, givesHandle: true }], // sp_cursorprepare
  [4, { ...NONE, handle: 0, values: 1, givesCursor: true }], // sp_cursorexecute
  [5, { ...NONE, handle: 0, declarations: 2, text: 3, values: 4, givesHandle: true, givesCursor: true }], // sp_cursorprepexec
  [6, { ...NONE, handle: 0, drops: true }], // sp_cursorunprepare
  [7, CURSOR_FETCH], // sp_cursorfetch
  [9, { ...CURSOR_FETCH, drops: true }], // sp_cursorclose
  [10, { ...NONE, declarations: 1, text: 0, values: 2 }], // sp_executesql
  [11, { ...NONE, declarations: 1, text: 2, givesHandle: true }], // sp_prepare
  [12, { ...NONE, handle: 0, values: 1 }], // sp_execute
  [13, { ...NONE, handle: 0, declarations: 1, text: 2, values: 3, givesHandle: true }], // sp_prepexec
  [14, { ...NONE, handle: 0, text: 1, values: 2, givesHandle: true }], // sp_prepexecrpc
  [15, { ...NONE, handle: 0, drops: true }], // sp_unprepare
]);

/** Names by number, from 1. */
export const PROCEDURE_NAMES: readonly string[] = [
  '',
  'sp_cursor',
  'sp_cursoropen',
  'sp_cursorprepare',
  'sp_cursorexecute',
  'sp_cursorprepexec',
  'sp_cursorunprepare',
  'sp_cursorfetch',
  'sp_cursoroption',
  'sp_cursorclose',
  'sp_executesql',
  'sp_prepare',
  'sp_execute',
  'sp_prepexec',
  'sp_prepexecrpc',
  'sp_unprepare',
];

const NUMBERS: ReadonlyMap<string, number> = new Map(PROCEDURE_NAMES.map((name, number) => [name, number]));
const LONGEST = Math.max(...PROCEDURE_NAMES.map((name) => name.length));

export function procedureByNumber(number: number): Procedure | null {
  return PROCEDURES.get(number) ?? null;
}

const DOT = 0x2e;
/** `[`, `]` and `"`. */
const isQuote = (unit: number): boolean => unit === 0x5b || unit === 0x5d || unit === 0x22;

/** The procedure that a name in UTF-16 means, with or without database and schema before it, in any case. */
export function procedureByName(bytes: Uint8Array, start: number, end: number): Procedure | null {
  let at = end;
  while (at > start && uint16At(bytes, at - 2) !== DOT) at -= 2;
  let stop = end;
  if (at < stop && isQuote(uint16At(bytes, at))) at += 2;
  if (at < stop && isQuote(uint16At(bytes, stop - 2))) stop -= 2;
  // Most calls are of procedures of the database's own; they cost nothing here.
  if (stop - at > LONGEST * 2 || stop - at < 8 || (uint16At(bytes, at) | 0x20) !== 0x73) return null;
  let name = '';
  for (; at < stop; at += 2) name += String.fromCharCode(uint16At(bytes, at)).toLowerCase();
  const number = NUMBERS.get(name);
  return number === undefined ? null : procedureByNumber(number);
}
