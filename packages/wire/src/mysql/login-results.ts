/** OK and ERR: what a login ends with, and what the gateway says in the server's place. */
import { Buffer } from 'node:buffer';
import { Capability, has } from './capabilities.ts';
import { LoginCursor, lengthEncoded, uint16 } from './login-bytes.ts';

const OK = 0x00;
const ERROR = 0xff;
const STATE_BYTES = 5;
/** Servers cut messages at 512 bytes, and clients keep no more. */
const MESSAGE_BYTES = 511;

export interface ErrorFields {
  /** MySQL's error number. */
  readonly number: number;
  /** SQLSTATE; `HY000` where the packet has none (before capabilities are known). */
  readonly state: string;
  readonly message: string;
}

/** Reads the body of an ERR packet. Throws ProtocolError. Text that is not UTF-8 is made readable. */
export function readError(body: Uint8Array): ErrorFields {
  const cursor = new LoginCursor(body, 'server');
  if (cursor.uint8() !== ERROR) throw cursor.malformed('no error');
  const number = cursor.uint16();
  const rest = cursor.rest();
  const stated = rest[0] === 0x23 && rest.length > STATE_BYTES;
  return {
    number,
    state: stated ? rest.toString('latin1', 1, 1 + STATE_BYTES) : 'HY000',
    message: rest.toString('utf8', stated ? 1 + STATE_BYTES : 0),
  };
}

/**
 * The body of an ERR packet. `stated`: with the SQLSTATE, which a client understands once capabilities are agreed, and
 * takes for a part of the message before.
 */
export function errorBody({ number, state, message }: ErrorFields, stated = true): Buffer {
  const head = Buffer.concat([Buffer.of(ERROR), uint16(number)]);
  const text = cutText(message, MESSAGE_BYTES);
  return stated ? Buffer.concat([head, Buffer.from(`#${state}`, 'latin1'), text]) : Buffer.concat([head, text]);
}

/** At most `limit` bytes, and no character in part. */
function cutText(text: string, limit: number): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return bytes;
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

export interface OkFields {
  readonly affectedRows: number;
  readonly lastInsertId: number;
  /** `Status` bits. */
  readonly status: number;
  readonly warnings: number;
}

/** Reads the head of an OK packet's body; info and session state follow it. Throws ProtocolError. */
export function readOk(body: Uint8Array): OkFields {
  const cursor = new LoginCursor(body, 'server');
  if (cursor.uint8() !== OK) throw cursor.malformed('no OK');
  const affectedRows = cursor.lengthEncoded();
  const lastInsertId = cursor.lengthEncoded();
  return { affectedRows, lastInsertId, status: cursor.uint16(), warnings: cursor.uint16() };
}

/** The body of an OK packet without text and without changes of the session's state. */
export function okBody({ affectedRows, lastInsertId, status, warnings }: OkFields, capabilities: number): Buffer {
  const numbers = [lengthEncoded(affectedRows), lengthEncoded(lastInsertId), uint16(status), uint16(warnings)];
  const info = has(capabilities, Capability.sessionTrack) ? [lengthEncoded(0)] : [];
  return Buffer.concat([Buffer.of(OK), ...numbers, ...info]);
}
