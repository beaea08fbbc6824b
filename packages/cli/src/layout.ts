/** Tables and fields that fit the terminal, and text from elsewhere made harmless. Widths are in terminal cells. */
import measure from 'fast-string-truncated-width';
import { wrapAnsi } from 'fast-wrap-ansi';
import { paint } from './colour.ts';

/** Narrower than this, a cut last column says nothing. */
const LAST_COLUMN_MIN = 20;
const GAP = '  ';

/** How wide text may be: a terminal's width, or `COLUMNS`; else what goes to a file or a program is never cut or wrapped. */
export const columns = (stream: NodeJS.WriteStream = process.stdout): number =>
  stream.isTTY === true ? stream.columns || 80 : Number(process.env.COLUMNS) || Infinity;

/**
 * Rows under a dim head, columns aligned. Where they don't fit, the last column is cut (it is the one with the words);
 * where that is not enough, each row becomes lines of label and value, with nothing cut. `none` when there are no rows.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  none: string,
  room = columns(),
): string {
  if (rows.length === 0) return paint.dim(none);
  const widths = head.map((title, at) => Math.max(width(title), ...rows.map((row) => width(row[at] ?? ''))));
  const last = widths.pop() ?? 0;
  const before = widths.reduce((sum, each) => sum + each + GAP.length, 0);
  const left = Math.min(last, room - before);
  if (left < Math.min(last, LAST_COLUMN_MIN)) return stacked(head, rows, room);
  const line = (row: readonly string[]): string =>
    [...widths.map((cells, at) => pad(row[at] ?? '', cells)), cut(row[widths.length] ?? '', left)].join(GAP).trimEnd();
  return [paint.dim(line(head)), ...rows.map(line)].join('\n');
}

function stacked(head: readonly string[], rows: readonly (readonly string[])[], room: number): string {
  const labels = head.map((title) => title.toLowerCase());
  return rows
    .map((row) =>
      fields(
        labels.map((label, at) => [label, row[at] ?? ''] as const),
        room,
      ),
    )
    .join('\n\n');
}

/** Label and value lines, labels aligned, values wrapped at words; lines without a value are left out. */
export function fields(
  lines: readonly (readonly [label: string, value: string | null | undefined])[],
  room = columns(),
): string {
  const shown = lines.flatMap(([label, value]) => (value == null || value === '' ? [] : [{ label, value }]));
  const widest = Math.max(0, ...shown.map(({ label }) => width(label)));
  const indent = ' '.repeat(widest + GAP.length);
  return shown
    .map(({ label, value }) => {
      const wrapped = wrap(value, room - indent.length).replaceAll('\n', `\n${indent}`);
      return `${paint.dim(pad(label, widest))}${GAP}${wrapped}`;
    })
    .join('\n');
}

/** Wraps at words; one that is longer than a line (an address, a token) stays whole, so that it can be copied. */
export function wrap(text: string, room = columns()): string {
  return Number.isFinite(room) && room > 0 ? wrapAnsi(text, room, { trim: true }) : text;
}

/** Text of at most so many cells; what is cut ends with `…`. Colours that began before the cut still end. */
export function cut(text: string, cells: number): string {
  if (width(text) <= cells) return text;
  let left = cells - 1;
  let kept = '';
  for (const part of text.split(COLOUR)) {
    if (part.startsWith('\u001b')) kept += part;
    else if (left >= 0) {
      for (const { segment } of graphemes.segment(part)) {
        left -= width(segment);
        if (left >= 0) kept += segment;
        else {
          kept += '…';
          break;
        }
      }
    }
  }
  return kept;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const COLOUR = /(\u001b\[\d+m)/;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const width = (text: string): number => measure(text).width;
const pad = (text: string, cells: number): string => text + ' '.repeat(Math.max(0, cells - width(text)));

/** Text from elsewhere (names, reasons, statements) must not steer the terminal: control characters are shown, not sent. */
export function safe(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === '\n' || character === '\t' ? ' ' : '�',
  );
}
