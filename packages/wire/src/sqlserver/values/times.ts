/** Dates and times as ISO 8601 has them (MS-TDS 2.2.5.5.1.8 to 2.2.5.5.1.9). */
import type { Buffer } from 'node:buffer';

const DAY_MS = 86_400_000;
const EPOCH_1900 = Date.UTC(1900, 0, 1);
/** The first day of the year 1: `Date.UTC` would take the year for 1901. */
const EPOCH_1 = -62_135_596_800_000;
const MINUTE_MS = 60_000;
const LAST_DAY = 3_652_058;

const two = (number: number): string => String(number).padStart(2, '0');

/** `YYYY-MM-DD` of a day, in milliseconds since 1970. */
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Days since 1900 and 300ths of a second. */
export function dateTime(bytes: Buffer): string | undefined {
  const ms = EPOCH_1900 + bytes.readInt32LE(0) * DAY_MS + Math.round((bytes.readUInt32LE(4) * 10) / 3);
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, -1);
}

/** Days since 1900 and minutes. */
export function smallDateTime(bytes: Buffer): string {
  const ms = EPOCH_1900 + bytes.readUInt16LE(0) * DAY_MS + bytes.readUInt16LE(2) * MINUTE_MS;
  return new Date(ms).toISOString().slice(0, 19);
}

export function date(bytes: Buffer): string | undefined {
  const days = bytes.readUIntLE(0, 3);
  return days > LAST_DAY ? undefined : dayOf(EPOCH_1 + days * DAY_MS);
}

/** Units of `10 ** -scale` seconds since midnight. */
export function time(bytes: Buffer, scale: number): string | undefined {
  const units = bytes.readUIntLE(0, bytes.length);
  const perSecond = 10 ** scale;
  const seconds = Math.floor(units / perSecond);
  if (seconds >= 86_400) return undefined;
  const fraction = scale === 0 ? '' : `.${String(units % perSecond).padStart(scale, '0')}`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
}

export function dateTime2(bytes: Buffer, scale: number): string | undefined {
  const split = bytes.length - 3;
  if (split < 3) return undefined;
  const day = date(bytes.subarray(split));
  const clock = time(bytes.subarray(0, split), scale);
  return day === undefined || clock === undefined ? undefined : `${day}T${clock}`;
}

/** On the wire in UTC; shown as the client meant it, with its offset. */
export function dateTimeOffset(bytes: Buffer, scale: number): string | undefined {
  const split = bytes.length - 5;
  if (split < 3) return undefined;
  const days = bytes.readUIntLE(split, 3);
  const offset = bytes.readInt16LE(split + 3);
  const units = bytes.readUIntLE(0, split);
  const perSecond = 10 ** scale;
  const seconds = Math.floor(units / perSecond);
  if (days > LAST_DAY || Math.abs(offset) > 14 * 60 || seconds >= 86_400) return undefined;
  const local = EPOCH_1 + days * DAY_MS + seconds * 1000 + offset * MINUTE_MS;
  const fraction = scale === 0 ? '' : `.${String(units % perSecond).padStart(scale, '0')}`;
  const sign = offset < 0 ? '-' : '+';
  const minutes = Math.abs(offset);
  const zone = `${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return `${new Date(local).toISOString().slice(0, 19)}${fraction}${zone}`;
}
