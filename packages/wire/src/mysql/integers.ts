/** Integers in packets, the lowest byte first (MySQL "Integer Types"). The callers have checked the ranges. */

export function uint16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

/** A number of 24 bits. */
export function uint24At(bytes: Uint8Array, at: number): number {
  return uint16At(bytes, at) | ((bytes[at + 2] as number) << 16);
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return uint16At(bytes, at) + uint16At(bytes, at + 2) * 0x10000;
}

/** How many bytes a length-encoded integer has that begins with `first`; 0: none begins so. */
export function lenencSize(first: number): number {
  if (first < 0xfb) return 1;
  if (first === 0xfc) return 3;
  if (first === 0xfd) return 4;
  return first === 0xfe ? 9 : 0;
}

/** The length-encoded integer at `at`, of which all `lenencSize` bytes are there. Beyond 2^53 it is not exact. */
export function lenencAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0xfb) return first;
  if (first === 0xfc) return uint16At(bytes, at + 1);
  if (first === 0xfd) return uint24At(bytes, at + 1);
  return uint32At(bytes, at + 1) + uint32At(bytes, at + 5) * 2 ** 32;
}
