/** `Events`, with the types of parameters as MySQL's walker tells them: what there is, the count, and the rest in hex. */
import { Buffer } from 'node:buffer';
import { Events } from './events.ts';

export class MysqlEvents extends Events {
  override types(statement: number, bytes: Uint8Array, start: number, end: number): void {
    const told = Buffer.from(bytes.subarray(start, end));
    this.lines.push(`types ${statement} x${told.toString('hex')}`);
  }
}
