/** The remaining scalar types. Undefined: not decodable. */
import { Buffer } from 'node:buffer';
import { text } from '../../values.ts';

function bufferOf(view: DataView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

export function bool(view: DataView): boolean | undefined {
  if (view.byteLength !== 1) return undefined;
  const value = view.getUint8(0);
  return value > 1 ? undefined : value === 1;
}

/** As PostgreSQL writes it: `\x` and hex. */
export function bytea(view: DataView): string {
  return `\\x${bufferOf(view).toString('hex')}`;
}

/** A version byte, then the text as sent: parsing it could round numbers and drop repeated keys. */
export function jsonb(view: DataView): string | undefined {
  if (view.byteLength < 1 || view.getUint8(0) !== 1) return undefined;
  return text(new DataView(view.buffer, view.byteOffset + 1, view.byteLength - 1));
}

export function uuid(view: DataView): string | undefined {
  if (view.byteLength !== 16) return undefined;
  const hex = bufferOf(view).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Family (2 or 3), mask bits, whether it is a cidr, address length, address. */
export function network(view: DataView): string | undefined {
  if (view.byteLength < 4) return undefined;
  const family = view.getUint8(0);
  const bits = view.getUint8(1);
  const cidr = view.getUint8(2);
  const length = view.getUint8(3);
  if (view.byteLength !== 4 + length) return undefined;
  const wide = family === 3;
  if (!(family === 2 && length === 4) && !(wide && length === 16)) return undefined;
  if (cidr > 1 || bits > length * 8) return undefined;
  const address = bufferOf(view).subarray(4);
  const shown = wide ? ipv6(address) : address.join('.');
  return cidr === 1 || bits < length * 8 ? `${shown}/${bits}` : shown;
}

/** RFC 5952: lower case, the longest run of two or more zero groups as `::`. */
function ipv6(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(i * 2).toString(16));
  let from = 0;
  let longest = 0;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === '0') end += 1;
    if (end - start > longest) [from, longest] = [start, end - start];
  }
  if (longest < 2) return groups.join(':');
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + longest).join(':')}`;
}
