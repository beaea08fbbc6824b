/** Numbers as the record shows them: as numbers where JSON holds them exactly, else as text. */
import type { Buffer } from 'node:buffer';
import { finite, type Scalar, shortest } from '../../values.ts';

export function integer(bytes: Buffer): Scalar | undefined {
  switch (bytes.length) {
    case 1:
      return bytes.readUInt8(0);
    case 2:
      return bytes.readInt16LE(0);
    case 4:
      return bytes.readInt32LE(0);
    case 8: {
      const value = bytes.readBigInt64LE(0);
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    }
    default:
      return undefined;
  }
}

export function float(bytes: Buffer): Scalar | undefined {
  if (bytes.length === 4) return shortest(bytes.readFloatLE(0));
  return bytes.length === 8 ? finite(bytes.readDoubleLE(0)) : undefined;
}

/** Ten-thousandths; of eight bytes the higher four come first. */
export function money(bytes: Buffer): Scalar | undefined {
  if (bytes.length === 4) return scaled(BigInt(bytes.readInt32LE(0)), 4);
  if (bytes.length !== 8) return undefined;
  return scaled((BigInt(bytes.readInt32LE(0)) << 32n) + BigInt(bytes.readUInt32LE(4)), 4);
}

/** A sign and the digits as one number. */
export function decimal(bytes: Buffer, scale: number): Scalar | undefined {
  if (bytes.length < 2 || scale > 38) return undefined;
  let magnitude = 0n;
  for (let at = bytes.length - 1; at >= 1; at--) magnitude = (magnitude << 8n) + BigInt(bytes[at] ?? 0);
  return scaled(bytes[0] === 0 ? -magnitude : magnitude, scale);
}

function scaled(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : '';
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
