/** What an outcome is told with: what the server did, or the number of its error. */
import { Buffer } from 'node:buffer';
import { NO_BYTES } from './exchange.ts';

/** The commands that DONE tells by number, as clients know them; the protocol itself leaves them open. */
const COMMANDS: ReadonlyMap<number, Uint8Array> = new Map<number, Uint8Array>([
  [0xc1, Buffer.from('SELECT')],
  [0xc3, Buffer.from('INSERT')],
  [0xc4, Buffer.from('DELETE')],
  [0xc5, Buffer.from('UPDATE')],
  [0xd2, Buffer.from('ROLLBACK')],
  [0xd4, Buffer.from('BEGIN')],
  [0xd5, Buffer.from('COMMIT')],
  [0xf0, Buffer.from('BULK INSERT')],
  [0x117, Buffer.from('MERGE')],
]);

export function commandTag(command: number): Uint8Array {
  return COMMANDS.get(command) ?? NO_BYTES;
}

/** A sign and ten digits. */
const LONGEST = 11;

/** The number of an error, in decimal: bytes that hold until the next. */
export class ErrorCode {
  readonly bytes: Uint8Array = new Uint8Array(LONGEST);
  start = LONGEST;

  set(number: number): void {
    let rest = Math.abs(number);
    let at = LONGEST;
    do {
      at -= 1;
      this.bytes[at] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    if (number < 0) {
      at -= 1;
      this.bytes[at] = 0x2d;
    }
    this.start = at;
  }
}
