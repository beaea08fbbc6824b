/** `Events`, with text in UTF-16, and with the declarations that SQL Server's walker tells as types. */
import { Buffer } from 'node:buffer';
import { Events } from './events.ts';

/** Text where it is UTF-16 that can be printed, or ASCII; else hex; long content by its length. */
export function shown(bytes: Uint8Array, start: number, end: number): string {
  const range = Buffer.from(bytes.subarray(start, end));
  if (range.length > 400) return `(${range.length} bytes)`;
  const wide = range.length % 2 === 0 && range.every((byte, at) => at % 2 === 0 || byte === 0);
  const text = (wide ? range.toString('utf16le') : range.toString('latin1')).replaceAll(/\r?\n/g, '\\n');
  return /^[\x20-\x7e]*$/.test(text) ? `'${text}'` : `x${range.toString('hex')}`;
}

export class SqlServerEvents extends Events {
  constructor() {
    super(shown);
  }

  override types(statement: number, bytes: Uint8Array, start: number, end: number): void {
    this.lines.push(`types ${statement} ${shown(bytes, start, end)}`);
  }
}
