/** Times as TDS counts them, and as text: `2026-11-22 16:05:03.1234567`, `2026-11-22`, `16:05:03`. */

const DAY_MS = 86_400_000;
/** Days from 0001-01-01 to 1970-01-01. */
const EPOCH_DAY = 719_162;
/** Days from 0001-01-01 to 1900-01-01. */
export const DAY_1900 = 693_595;
/** Hundreds of nanoseconds, the finest there is, in a second. */
const TICKS = 10_000_000n;

export interface Moment {
  /** Since 0001-01-01. */
  readonly day: number;
  /** Of 100 ns since midnight. */
  readonly ticks: bigint;
  readonly offsetMinutes: number;
}

const DATE = /(-?\d{1,4})-(\d{1,2})-(\d{1,2})/;
const TIME = /(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?/;
const OFFSET = /([+-])(\d{2}):(\d{2})$|(Z)$/;

/** Throws RangeError where `text` is no time. A date alone is its midnight; a time alone lies on 1900-01-01. */
export function parseMoment(text: string): Moment {
  const date = DATE.exec(text) ?? compactDate(text);
  const time = TIME.exec(text);
  if (date === null && time === null) throw new RangeError(`no time: ${text}`);
  const offset = OFFSET.exec(text);
  return {
    day: date === null ? DAY_1900 : dayOf(Number(date[1]), Number(date[2]), Number(date[3])),
    ticks: time === null ? 0n : ticksOf(time),
    offsetMinutes:
      offset?.[1] === undefined ? 0 : (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1),
  };
}

function compactDate(text: string): RegExpExecArray | null {
  return /^\s*(\d{4})(\d{2})(\d{2})\b/.exec(text);
}

function ticksOf(time: RegExpExecArray): bigint {
  const [, hours, minutes, seconds = '0', fraction = ''] = time;
  const whole = BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
  return whole * TICKS + BigInt(fraction.slice(0, 7).padEnd(7, '0'));
}

function dayOf(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1) throw new RangeError(`no such day: ${year}-${month}-${day}`);
  return date.getTime() / DAY_MS + EPOCH_DAY;
}

export function dateText(day: number): string {
  const date = new Date((day - EPOCH_DAY) * DAY_MS);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `${year}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

/** `digits` of a second's fraction, 0 to 7. */
export function timeText(ticks: bigint, digits: number): string {
  const seconds = Number(ticks / TICKS);
  const fraction = String(ticks % TICKS)
    .padStart(7, '0')
    .slice(0, digits);
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return digits === 0 ? clock : `${clock}.${fraction}`;
}

export function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Moves by whole minutes, over midnight where need be. */
export function shift(moment: Moment, minutes: number): Moment {
  const dayTicks = 86_400n * TICKS;
  const ticks = moment.ticks + BigInt(minutes) * 60n * TICKS;
  const days = ticks < 0n ? -1 : ticks >= dayTicks ? 1 : 0;
  return { ...moment, day: moment.day + days, ticks: ticks - BigInt(days) * dayTicks };
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
