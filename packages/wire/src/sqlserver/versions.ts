/**
 * Versions of TDS, as LOGIN7 and LOGINACK carry them (MS-TDS 2.2.6.4, 2.2.7.14): the generation in the highest byte.
 * What differs on the wire differs between 7.1 and all that came later.
 */

export const TdsVersion = {
  v71: 0x7100_0001,
  v72: 0x7209_0002,
  v73a: 0x730a_0003,
  v73b: 0x730b_0003,
  v74: 0x7400_0004,
  v80: 0x0800_0000,
} as const;

const generation = (version: number): number => version >>> 24;

/** The versions that are spoken here: 7.1 (SQL Server 2000) and later, and 8.0. */
export function isSpoken(version: number): boolean {
  return generation(version) >= 0x71 || version === TdsVersion.v80;
}

/**
 * 7.2 and later: requests begin with headers of their own (ALL_HEADERS), row counts have 64 bits, user types 32, and
 * names of tables come in parts.
 */
export function isWide(version: number): boolean {
  return generation(version) !== 0x71;
}
