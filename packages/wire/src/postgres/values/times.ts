/**
 * PostgreSQL's binary dates and times as ISO 8601 text. Reckoned here because PostgreSQL's years reach from 4713 BC to
 * 294276 (dates: 5874897) and its clock to 24:00, which neither Date nor Temporal holds. Undefined: not decodable.
 */

/** Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01. */
const EPOCH_DAYS = 10_957;
const DAY_MICROS = 86_400_000_000n;
const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;
const INT64_MAX = 0x7fffffffffffffffn;
const INT64_MIN = -0x8000000000000000n;

/** Days since 2000-01-01 as a proleptic Gregorian date; Howard Hinnant's `civil_from_days`. */
function calendar(days: number): { date: string; era: string } {
  const shifted = days + EPOCH_DAYS + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1;
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const shown = year > 0 ? year : 1 - year;
  return {
    date: `${String(shown).padStart(4, '0')}-${two(month)}-${two(day)}`,
    era: year > 0 ? '' : ' BC',
  };
}

function two(value: number | bigint): string {
  return String(value).padStart(2, '0');
}

/** Microseconds of a day as `hh:mm:ss[.ffffff]`. */
function clock(micros: bigint): string {
  const fraction = micros % 1_000_000n;
  const seconds = micros / 1_000_000n;
  const whole = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return fraction === 0n ? whole : `${whole}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

export function date(view: DataView): string | undefined {
  if (view.byteLength !== 4) return undefined;
  const days = view.getInt32(0);
  if (days === INT32_MAX) return 'infinity';
  if (days === INT32_MIN) return '-infinity';
  const { date, era } = calendar(days);
  return `${date}${era}`;
}

export function timestamp(view: DataView, zone = ''): string | undefined {
  if (view.byteLength !== 8) return undefined;
  const micros = view.getBigInt64(0);
  if (micros === INT64_MAX) return 'infinity';
  if (micros === INT64_MIN) return '-infinity';
  const ofDay = ((micros % DAY_MICROS) + DAY_MICROS) % DAY_MICROS;
  const { date, era } = calendar(Number((micros - ofDay) / DAY_MICROS));
  return `${date}T${clock(ofDay)}${zone}${era}`;
}

/** Stored in UTC, shown in UTC, whatever the session's zone. */
export function timestamptz(view: DataView): string | undefined {
  return timestamp(view, 'Z');
}

export function time(view: DataView): string | undefined {
  if (view.byteLength !== 8) return undefined;
  const micros = view.getBigInt64(0);
  return micros < 0n || micros > DAY_MICROS ? undefined : clock(micros);
}

export function timetz(view: DataView): string | undefined {
  if (view.byteLength !== 12) return undefined;
  const local = time(new DataView(view.buffer, view.byteOffset, 8));
  // Seconds west of Greenwich.
  const west = view.getInt32(8);
  if (local === undefined || Math.abs(west) >= 86_400) return undefined;
  const off = Math.abs(west);
  const seconds = off % 60 === 0 ? '' : `:${two(off % 60)}`;
  return `${local}${west > 0 ? '-' : '+'}${two(Math.floor(off / 3600))}:${two(Math.floor(off / 60) % 60)}${seconds}`;
}

/** An ISO 8601 duration in which each part has its own sign, as PostgreSQL's own `iso_8601` style. */
export function interval(view: DataView): string | undefined {
  if (view.byteLength !== 16) return undefined;
  const micros = view.getBigInt64(0);
  const days = view.getInt32(8);
  const months = view.getInt32(12);
  // PostgreSQL 17.
  if (micros === INT64_MAX && days === INT32_MAX && months === INT32_MAX) return 'infinity';
  if (micros === INT64_MIN && days === INT32_MIN && months === INT32_MIN) return '-infinity';
  const years = Math.trunc(months / 12);
  const part = (value: number | bigint, unit: string) => (value === 0 || value === 0n ? '' : `${value}${unit}`);
  const dates = `${part(years, 'Y')}${part(months - years * 12, 'M')}${part(days, 'D')}`;
  const sign = micros < 0n ? '-' : '';
  const size = micros < 0n ? -micros : micros;
  const hours = size / 3_600_000_000n;
  const minutes = (size / 60_000_000n) % 60n;
  const rest = size % 60_000_000n;
  const fraction = String(rest % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const seconds = `${rest / 1_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
  const signed = (value: string, unit: string) => (value === '0' ? '' : `${sign}${value}${unit}`);
  const times = `${signed(String(hours), 'H')}${signed(String(minutes), 'M')}${signed(seconds, 'S')}`;
  if (dates === '' && times === '') return 'PT0S';
  return `P${dates}${times === '' ? '' : `T${times}`}`;
}
