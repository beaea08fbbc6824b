/**
 * Messages of the handshake and the few the gateway says itself, towards either side. Each builder gives one whole
 * message; each reader takes a message's body and throws ProtocolError on anything the protocol doesn't allow.
 */
import { Buffer } from 'node:buffer';
import { Backend } from './backend.ts';
import { cstring, FieldReader, int32, message, packet } from './fields.ts';
import { Frontend } from './frontend.ts';

/** Protocol numbers of the packets that open a connection, instead of a version. */
export const CANCEL_REQUEST = (1234 << 16) | 5678;
export const SSL_REQUEST = (1234 << 16) | 5679;
export const GSSENC_REQUEST = (1234 << 16) | 5680;

/** `ErrorResponse` and `NoticeResponse`, as far as the gateway writes or reads them. */
export interface ErrorFields {
  readonly severity: string;
  /** SQLSTATE: five characters. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

const MAX_ERROR_TEXT = 4096;

function errorBody(fields: ErrorFields): Buffer {
  // An error must get through whatever its text holds: NULs are dropped, lone surrogates become U+FFFD.
  const field = (key: string, value: string | undefined) =>
    value === undefined ? Buffer.alloc(0) : cstring(`${key}${value.slice(0, MAX_ERROR_TEXT).replaceAll('\0', '')}`);
  // A SQLSTATE of another shape would break drivers that index it; XX000 is PostgreSQL's own for "internal error".
  const code = /^[0-9A-Z]{5}$/.test(fields.code) ? fields.code : 'XX000';
  return Buffer.concat([
    field('S', fields.severity),
    field('V', fields.severity),
    field('C', code),
    field('M', fields.message),
    field('D', fields.detail),
    field('H', fields.hint),
    Buffer.of(0),
  ]);
}

export function errorResponse(fields: ErrorFields): Buffer {
  return message(Backend.errorResponse, errorBody(fields));
}

/** An error after which the connection is closed: the only kind the gateway itself sends. */
export function fatal(code: string, text: string, more: { detail?: string; hint?: string } = {}): Buffer {
  return errorResponse({ severity: 'FATAL', code, message: text, ...more });
}

export function noticeResponse(fields: ErrorFields): Buffer {
  return message(Backend.noticeResponse, errorBody(fields));
}

export function readErrorResponse(body: Uint8Array): ErrorFields {
  const fields = new Map<string, string>();
  // Read leniently: an error in the server's own encoding, before one is agreed, must not hide itself.
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at < text.length && text[at] !== 0; ) {
    const found = text.indexOf(0, at);
    const end = found < 0 ? text.length : found;
    fields.set(String.fromCharCode(text[at] ?? 0), text.toString('utf8', at + 1, end));
    at = end + 1;
  }
  const detail = fields.get('D');
  const hint = fields.get('H');
  return {
    // V is never translated; servers before 9.6 send only S.
    severity: fields.get('V') ?? fields.get('S') ?? 'ERROR',
    // Some poolers leave the SQLSTATE out.
    code: fields.get('C') ?? 'XX000',
    message: fields.get('M') ?? '',
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  };
}

export function parameterStatus(name: string, value: string): Buffer {
  return message(Backend.parameterStatus, cstring(name), cstring(value));
}

export function readParameterStatus(body: Uint8Array): { name: string; value: string } {
  const fields = new FieldReader(body, 'server', 'ParameterStatus');
  const name = fields.string();
  const value = fields.string();
  fields.end();
  return { name, value };
}

/** The key a client shows to cancel. Protocol 3.0 knows secrets of 4 bytes only, 3.2 up to 256. */
export interface CancelKey {
  readonly processId: number;
  readonly secret: Uint8Array;
}

export const MIN_SECRET_BYTES = 4;
export const MAX_SECRET_BYTES = 256;

function checkedSecret(secret: Uint8Array): Uint8Array {
  if (secret.length < MIN_SECRET_BYTES || secret.length > MAX_SECRET_BYTES) {
    throw new RangeError(`a cancel secret has ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes, not ${secret.length}`);
  }
  return secret;
}

export function backendKeyData(key: CancelKey): Buffer {
  return message(Backend.backendKeyData, int32(key.processId), checkedSecret(key.secret));
}

export function readBackendKeyData(body: Uint8Array): CancelKey {
  const fields = new FieldReader(body, 'server', 'BackendKeyData');
  const processId = fields.int32();
  const secret = Buffer.from(fields.rest());
  if (secret.length < MIN_SECRET_BYTES || secret.length > MAX_SECRET_BYTES) throw fields.malformed('secret length');
  return { processId, secret };
}

export function cancelRequest(key: CancelKey): Buffer {
  return packet(int32(CANCEL_REQUEST), int32(key.processId), checkedSecret(key.secret));
}

/** Transaction status in ReadyForQuery: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

export function readyForQuery(status: TransactionStatus): Buffer {
  return message(Backend.readyForQuery, Buffer.from(status, 'latin1'));
}

export function readReadyForQuery(body: Uint8Array): TransactionStatus {
  const fields = new FieldReader(body, 'server', 'ReadyForQuery');
  const status = String.fromCharCode(fields.byte());
  fields.end();
  if (status !== 'I' && status !== 'T' && status !== 'E') throw fields.malformed('unknown transaction status');
  return status;
}

/**
 * Tells the client which protocol it gets (the newest minor of major 3 that we speak) and which `_pq_.` options we don't
 * know. The version is sent whole, with its major, as servers do and libpq expects.
 */
export function negotiateProtocolVersion(minor: number, unknownOptions: readonly string[]): Buffer {
  return message(
    Backend.negotiateProtocolVersion,
    int32((3 << 16) | minor),
    int32(unknownOptions.length),
    ...unknownOptions.map(cstring),
  );
}

export function readNegotiateProtocolVersion(body: Uint8Array): { minor: number; unknownOptions: string[] } {
  const fields = new FieldReader(body, 'server', 'NegotiateProtocolVersion');
  const minor = fields.int32() & 0xffff;
  const count = fields.int32();
  // Each option takes a byte at least, so a count beyond the rest is a lie; checked before any loop over it.
  if (count < 0 || count > fields.remaining) throw fields.malformed('option count');
  const unknownOptions = Array.from({ length: count }, () => fields.string());
  fields.end();
  return { minor, unknownOptions };
}

export function sslRequest(): Buffer {
  return packet(int32(SSL_REQUEST));
}

export function terminate(): Buffer {
  return message(Frontend.terminate);
}
