/**
 * The binary protocol's dates and times as text, as MySQL writes them but for the `T` of ISO 8601. Zero dates and hours
 * beyond a day are as good as any. Undefined: not decodable. The first byte of each, its length, is not in the view.
 */

const two = (value: number): string => String(value).padStart(2, '0');

/** hh:mm:ss and, where there are any, microseconds. */
function clock(hours: number, minutes: number, seconds: number, micros: number): string {
  const whole = `${two(hours)}:${two(minutes)}:${two(seconds)}`;
  return micros === 0 ? whole : `${whole}.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}

/** Of 0, 4, 7 or 11 bytes: what is left out is zero. */
export function datetime(view: DataView, dateOnly: boolean): string | undefined {
  const size = view.byteLength;
  if (size !== 0 && size !== 4 && size !== 7 && size !== 11) return undefined;
  const byte = (at: number) => (at < size ? view.getUint8(at) : 0);
  const year = size === 0 ? 0 : view.getUint16(0, true);
  const date = `${String(year).padStart(4, '0')}-${two(byte(2))}-${two(byte(3))}`;
  const micros = size === 11 ? view.getUint32(7, true) : 0;
  if (micros >= 1_000_000) return undefined;
  if (dateOnly && size <= 4) return date;
  return `${date}T${clock(byte(4), byte(5), byte(6), micros)}`;
}

/** Of 0, 8 or 12 bytes: sign, days, hours, minutes, seconds, microseconds. Days are shown as hours, as MySQL does. */
export function time(view: DataView): string | undefined {
  const size = view.byteLength;
  if (size === 0) return '00:00:00';
  if (size !== 8 && size !== 12) return undefined;
  const negative = view.getUint8(0);
  const micros = size === 12 ? view.getUint32(8, true) : 0;
  if (negative > 1 || micros >= 1_000_000) return undefined;
  const hours = view.getUint32(1, true) * 24 + view.getUint8(5);
  return `${negative === 1 ? '-' : ''}${clock(hours, view.getUint8(6), view.getUint8(7), micros)}`;
}
