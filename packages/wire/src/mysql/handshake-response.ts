/**
 * The client's answer to the server's first packet: SSLRequest, which is the beginning of the answer and asks to say it
 * again inside TLS, or HandshakeResponse41.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { Capability, has } from './capabilities.ts';
import { counted, LoginCursor, terminated } from './login-bytes.ts';

/** What both forms begin with. */
const PREFIX_BYTES = 32;
const RESERVED_BYTES = 19;

export interface ResponsePrefix {
  readonly capabilities: number;
  /** MariaDB's own flags; 0 of clients that set `longPassword`. */
  readonly mariadbCapabilities: number;
  readonly maxPacket: number;
  readonly collation: number;
}

export interface HandshakeResponse extends ResponsePrefix {
  readonly user: string;
  /** The proof, by the method of `plugin`. Secret where that is `mysql_clear_password`. */
  readonly proof: Buffer;
  /** Empty: none was named. */
  readonly database: string;
  /** Empty without `pluginAuth`: then the proof is `mysql_native_password`'s. */
  readonly plugin: string;
  /** What the client tells of itself (`program_name`, `_client_name` …), in its order. */
  readonly attributes: ReadonlyMap<string, string>;
}

export type ResponsePacket =
  | ({ readonly kind: 'ssl' } & ResponsePrefix)
  | ({ readonly kind: 'response' } & HandshakeResponse);

/** Reads the client's answer. Throws ProtocolError. */
export function readResponse(body: Uint8Array): ResponsePacket {
  const cursor = new LoginCursor(body, 'client');
  if (body.length >= 2 && !has(((body[0] ?? 0) | ((body[1] ?? 0) << 8)) >>> 0, Capability.protocol41)) {
    throw new ProtocolError('client', SqlState.featureNotSupported, 'clients older than MySQL 4.1 are not let through');
  }
  const capabilities = cursor.uint32();
  const maxPacket = cursor.uint32();
  const collation = cursor.uint8();
  cursor.skip(RESERVED_BYTES);
  const extended = cursor.uint32();
  const mariadbCapabilities = has(capabilities, Capability.longPassword) ? 0 : extended;
  const prefix = { capabilities, mariadbCapabilities, maxPacket, collation };
  if (cursor.left === 0 && has(capabilities, Capability.ssl)) return { kind: 'ssl', ...prefix };

  const user = cursor.text(cursor.untilNul());
  const proof = Buffer.from(readProof(cursor, capabilities));
  // Clients that say `connectWithDatabase` or `pluginAuth` and then stop are let speak, as servers do.
  const named = has(capabilities, Capability.connectWithDatabase) && cursor.left > 0;
  const database = named ? cursor.text(cursor.untilNulOrEnd()) : '';
  const method = has(capabilities, Capability.pluginAuth) && cursor.left > 0;
  const plugin = method ? cursor.untilNulOrEnd().toString('latin1') : '';
  const told = has(capabilities, Capability.connectAttributes) && cursor.left > 0;
  const attributes = told ? readAttributes(cursor) : new Map<string, string>();
  return { kind: 'response', ...prefix, user, proof, database, plugin, attributes };
}

function readProof(cursor: LoginCursor, capabilities: number): Buffer {
  if (has(capabilities, Capability.pluginAuthLengthEncoded)) return cursor.bytes(cursor.lengthEncoded());
  if (has(capabilities, Capability.secureConnection)) return cursor.bytes(cursor.uint8());
  return cursor.untilNul();
}

/** Told by the client about itself, so what is not text is made readable rather than refused. */
function readAttributes(cursor: LoginCursor): Map<string, string> {
  const all = new LoginCursor(cursor.bytes(cursor.lengthEncoded()), 'client');
  const attributes = new Map<string, string>();
  while (all.left > 0) {
    const key = all.bytes(all.lengthEncoded()).toString('utf8');
    attributes.set(key, all.bytes(all.lengthEncoded()).toString('utf8'));
  }
  return attributes;
}

/** The body of SSLRequest. `capabilities` must have `ssl`. */
export function sslRequest(prefix: ResponsePrefix): Buffer {
  const body = Buffer.alloc(PREFIX_BYTES);
  body.writeUInt32LE(prefix.capabilities, 0);
  body.writeUInt32LE(prefix.maxPacket, 4);
  body.writeUInt8(prefix.collation, 8);
  body.writeUInt32LE(prefix.mariadbCapabilities, 9 + RESERVED_BYTES);
  return body;
}

/**
 * The body of HandshakeResponse41, its fields as `capabilities` say. A proof of more than 255 bytes needs
 * `pluginAuthLengthEncoded`.
 */
export function handshakeResponse(response: HandshakeResponse): Buffer {
  const { capabilities, user, proof, database, plugin, attributes } = response;
  const parts = [sslRequest(response), terminated(user), writtenProof(proof, capabilities)];
  if (has(capabilities, Capability.connectWithDatabase)) parts.push(terminated(database));
  if (has(capabilities, Capability.pluginAuth)) parts.push(terminated(plugin));
  if (has(capabilities, Capability.connectAttributes)) parts.push(writtenAttributes(attributes));
  return Buffer.concat(parts);
}

function writtenProof(proof: Buffer, capabilities: number): Buffer {
  if (has(capabilities, Capability.pluginAuthLengthEncoded)) return counted(proof);
  if (!has(capabilities, Capability.secureConnection)) throw new RangeError('proofs of MySQL 4.0 are not made');
  if (proof.length > 0xff) throw new RangeError('a proof as long as this needs another capability');
  return Buffer.concat([Buffer.of(proof.length), proof]);
}

function writtenAttributes(attributes: ReadonlyMap<string, string>): Buffer {
  const pairs: Buffer[] = [];
  for (const [key, value] of attributes) pairs.push(counted(Buffer.from(key)), counted(Buffer.from(value)));
  return counted(Buffer.concat(pairs));
}
