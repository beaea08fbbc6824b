/** Versions of TDS, as LOGIN7 and LOGINACK have them. */

export const TDS_8 = 0x08000000;

/** Whether `version` is `other` or a later one: 8.0 has the smallest number of all. */
export function isSince(version: number, other: number): boolean {
  return version === TDS_8 || version >= other;
}
