/** Exact decimals: text ⇄ whole units of their scale. */

/** `'12.3'` with scale 2 is 1230n. Digits beyond the scale are rounded half away from zero. Throws RangeError. */
export function decimalUnits(text: string, scale: number): bigint {
  const parts = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(text);
  if (parts === null || `${parts[2] ?? ''}${parts[3] ?? ''}` === '') throw new RangeError(`not a number: ${text}`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const digits = BigInt(whole + fraction);
  const shift = scale - fraction.length + Number(exponent);
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : rounded(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -units : units;
}

export function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return units < 0n ? `-${text}` : text;
}

function rounded(value: bigint, by: bigint): bigint {
  return (value + by / 2n) / by;
}
