/** Durations as people type them. */
const MINUTE = 60_000;
const TYPED = /^\s*(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?\s*$/i;

/** Milliseconds of `45m`, `1 h 30 min`, `2d`; null for anything else, and for nothing. */
export function typedMs(text: string): number | null {
  const match = TYPED.exec(text);
  const [days = 0, hours = 0, minutes = 0] = (match ?? []).slice(1).map((part) => Number(part ?? 0));
  const ms = ((days * 24 + hours) * 60 + minutes) * MINUTE;
  return match === null || ms === 0 ? null : ms;
}
