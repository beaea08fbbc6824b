/** The packet that opens a connection: what a client may ask first, and what the gateway asks the real server. */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { cstring, FieldReader, int32, packet } from './fields.ts';
import {
  CANCEL_REQUEST,
  type CancelKey,
  GSSENC_REQUEST,
  MAX_SECRET_BYTES,
  MIN_SECRET_BYTES,
  SSL_REQUEST,
} from './messages.ts';

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH, and the length field. */
export const MAX_STARTUP_BYTES = 10_004;

/** The newest minor version of protocol 3 that is spoken to clients. 3.2 brought longer cancel keys. */
export const NEWEST_MINOR = 2;

export interface StartupMessage {
  readonly kind: 'startup';
  readonly user: string;
  /** Defaults to `user`, as in PostgreSQL. */
  readonly database: string;
  /** Run-time parameters, without user, database, `replication` and `_pq_.` options; in the order sent. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The client wants to speak the replication protocol, which the gateway refuses. */
  readonly replication: boolean;
  /** The minor version that the session will use: 0 or 2. */
  readonly minor: 0 | 2;
  /**
   * What must be answered with NegotiateProtocolVersion, or null: the client asked for a newer minor than we speak, or
   * for protocol options that we don't know.
   */
  readonly negotiate: { readonly minor: number; readonly unknownOptions: readonly string[] } | null;
}

export type StartupPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gssenc' }
  | ({ readonly kind: 'cancel' } & CancelKey)
  | { readonly kind: 'tls' }
  | StartupMessage;

/** Reads a packet's body (without its length). Throws ProtocolError on anything that PostgreSQL would refuse too. */
export function readStartupPacket(body: Uint8Array): StartupPacket {
  const fields = new FieldReader(body, 'client', 'startup packet');
  const version = fields.int32();
  switch (version) {
    case SSL_REQUEST:
      fields.end();
      return { kind: 'ssl' };
    case GSSENC_REQUEST:
      fields.end();
      return { kind: 'gssenc' };
    case CANCEL_REQUEST: {
      const processId = fields.int32();
      const secret = Buffer.from(fields.rest());
      if (secret.length < MIN_SECRET_BYTES || secret.length > MAX_SECRET_BYTES) throw fields.malformed('cancel key');
      return { kind: 'cancel', processId, secret };
    }
    default:
      return readStartupMessage(version >>> 16, version & 0xffff, fields);
  }
}

function readStartupMessage(major: number, asked: number, fields: FieldReader): StartupMessage {
  if (major !== 3) {
    throw new ProtocolError(
      'client',
      SqlState.featureNotSupported,
      `unsupported frontend protocol ${major}.${asked}: the server supports 3.0 to 3.${NEWEST_MINOR}`,
    );
  }
  const parameters = readParameters(fields);
  const user = parameters.get('user');
  if (user === undefined || user === '') {
    throw new ProtocolError('client', SqlState.invalidAuthorization, 'no user name specified in startup packet');
  }
  const database = parameters.get('database');
  const replication = parameters.get('replication');
  const unknownOptions: string[] = [];
  for (const name of parameters.keys()) {
    if (name.startsWith('_pq_.')) unknownOptions.push(name);
    else if (name !== 'user' && name !== 'database' && name !== 'replication') continue;
    parameters.delete(name);
  }
  const tooNew = asked > NEWEST_MINOR;
  return {
    kind: 'startup',
    user,
    database: database === undefined || database === '' ? user : database,
    parameters,
    replication: replication !== undefined && !isFalse(replication),
    // 3.1 was never released; a client that asks for it gets 3.0's behaviour, as from PostgreSQL 18.
    minor: asked >= 2 ? 2 : 0,
    negotiate: tooNew || unknownOptions.length > 0 ? { minor: Math.min(asked, NEWEST_MINOR), unknownOptions } : null,
  };
}

/** Name and value pairs up to an empty name, which must be the packet's last byte. A name may come once only. */
function readParameters(fields: FieldReader): Map<string, string> {
  const parameters = new Map<string, string>();
  for (;;) {
    if (fields.remaining === 0) throw fields.malformed('expected terminator as last byte');
    const name = fields.string();
    if (name === '') break;
    // PostgreSQL lets the last one win; two users in one packet have no honest reason, and readers may disagree.
    if (parameters.has(name)) throw fields.malformed('a parameter is given twice');
    parameters.set(name, fields.string());
  }
  fields.end();
  return parameters;
}

/** PostgreSQL's own spellings of false, abbreviations included; anything else counts as wanting replication. */
function isFalse(value: string): boolean {
  return /^(?:f|fa|fal|fals|false|n|no|of|off|0)$/i.test(value);
}

/** StartupMessage towards the real server. Protocol 3.0: all it lacks is a longer cancel key. */
export function startupMessage(user: string, database: string, parameters: ReadonlyMap<string, string>): Buffer {
  const fields: Buffer[] = [int32(3 << 16), cstring('user'), cstring(user), cstring('database'), cstring(database)];
  for (const [name, value] of parameters) fields.push(cstring(name), cstring(value));
  return packet(...fields, Buffer.of(0));
}
