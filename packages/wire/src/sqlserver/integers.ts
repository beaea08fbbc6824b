/** Little-endian numbers in received bytes, for the hot path: no views, no garbage. */

export function uint16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return (uint16At(bytes, at) | (uint16At(bytes, at + 2) << 16)) >>> 0;
}

export function int32At(bytes: Uint8Array, at: number): number {
  return uint32At(bytes, at) | 0;
}

/** A number of 64 bits, as near as a double comes; beyond what one holds exactly, the largest that it does. */
export function uint64At(bytes: Uint8Array, at: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, uint32At(bytes, at + 4) * 0x1_0000_0000 + uint32At(bytes, at));
}
