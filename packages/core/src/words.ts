/** How lists, numbers and names are put into sentences that people read. */

/** `a`, `a or b`, `a, b or c`. */
export function anyOf(items: readonly string[]): string {
  return join(items, 'or');
}

/** `a`, `a and b`, `a, b and c`. */
export function allOf(items: readonly string[]): string {
  return join(items, 'and');
}

function join(items: readonly string[], word: string): string {
  const last = items.at(-1);
  if (last === undefined) return 'nobody';
  if (items.length === 1) return last;
  return `${items.slice(0, -1).join(', ')} ${word} ${last}`;
}

const SMALL = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'] as const;

/** `one` … `ten`, then digits. */
export function numberWord(count: number): string {
  return SMALL[count] ?? String(count);
}

export function plural(count: number, one: string, many: string): string {
  return `${numberWord(count)} ${count === 1 ? one : many}`;
}

/** Names in sentences stand in quotes, so that a rule called “no match” stays readable. */
export function quoted(name: string): string {
  return `“${name}”`;
}
