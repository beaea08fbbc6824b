/** Where the files of a configuration's text begin and end (see `files.ts`). */

/** A line that begins a file. */
const MARK = /^--- # file: (.+)$/gm;

export interface FilePlace {
  /** null: the text's only one. */
  readonly file: string | null;
  /** Where its mark stands. */
  readonly markedAt: number;
  /** Of the text after the mark's line break; UTF-16 units. */
  readonly from: number;
  readonly to: number;
}

/** One place for each file, in order; of a text without marks one place, all of it. */
export function filesIn(text: string): readonly FilePlace[] {
  const marks = [...text.matchAll(MARK)];
  if (marks.length === 0) return [{ file: null, markedAt: 0, from: 0, to: text.length }];
  return marks.map((mark, index) => ({
    file: mark[1] ?? '',
    markedAt: mark.index,
    from: mark.index + mark[0].length + 1,
    to: marks[index + 1]?.index ?? text.length,
  }));
}
