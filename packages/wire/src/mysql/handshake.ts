/**
 * The server's first packet (Protocol::HandshakeV10): who it is, what it can, and the nonce that passwords are proved
 * with. Bodies only; the packet's header is `packet`'s.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { type Agreed, Capability, has } from './capabilities.ts';
import { LoginCursor, terminated, uint16, uint32 } from './login-bytes.ts';

/** Bytes of the nonce; on the wire a NUL follows it. */
export const NONCE_BYTES = 20;
const FIRST_PART = 8;
const VERSION_10 = 10;

export interface Handshake {
  /** The version text, as the server says it. */
  readonly version: string;
  /** The number that KILL takes. */
  readonly connection: number;
  readonly nonce: Buffer;
  readonly capabilities: number;
  /** MariaDB's own flags; 0 where `longPassword` says that the server is MySQL (or speaks like it). */
  readonly mariadbCapabilities: number;
  /** The server's default collation; 255 where its number has more than 8 bits. */
  readonly collation: number;
  readonly status: number;
  /** The authentication method that it would like; empty without `pluginAuth`. */
  readonly plugin: string;
}

/** Reads the server's first packet. Throws ProtocolError. An ERR packet is to be looked for before. */
export function readHandshake(body: Uint8Array): Handshake {
  const cursor = new LoginCursor(body, 'server');
  if (cursor.uint8() !== VERSION_10) {
    throw new ProtocolError('server', SqlState.protocolViolation, 'the server does not speak protocol version 10');
  }
  const version = cursor.untilNul().toString('utf8');
  const connection = cursor.uint32();
  const first = cursor.bytes(FIRST_PART);
  cursor.skip(1);
  const low = cursor.uint16();
  const collation = cursor.uint8();
  const status = cursor.uint16();
  const capabilities = (low | (cursor.uint16() << 16)) >>> 0;
  const nonceBytes = cursor.uint8();
  cursor.skip(6);
  const extended = cursor.uint32();
  if (!has(capabilities, Capability.protocol41 | Capability.secureConnection)) {
    throw new ProtocolError('server', SqlState.featureNotSupported, 'the server is older than MySQL 4.1');
  }
  const second = cursor.bytes(Math.min(cursor.left, Math.max(13, nonceBytes - FIRST_PART)));
  const nonce = Buffer.concat([first, second]).subarray(0, NONCE_BYTES);
  if (nonce.length < NONCE_BYTES) throw cursor.malformed('nonce');
  const plugin = has(capabilities, Capability.pluginAuth) ? cursor.untilNulOrEnd().toString('latin1') : '';
  const mariadb = !has(capabilities, Capability.longPassword);
  return {
    version,
    connection,
    nonce,
    capabilities,
    mariadbCapabilities: mariadb ? extended : 0,
    collation,
    status,
    plugin,
  };
}

/** The body of a server's first packet. Clients of MySQL 4.0 and before are not spoken to. */
export function handshake(from: Handshake): Buffer {
  const { version, connection, nonce, capabilities, mariadbCapabilities, collation, status, plugin } = from;
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes`);
  return Buffer.concat([
    Buffer.of(VERSION_10),
    terminated(version),
    uint32(connection),
    nonce.subarray(0, FIRST_PART),
    Buffer.of(0),
    uint16(capabilities & 0xffff),
    Buffer.of(collation),
    uint16(status),
    uint16(capabilities >>> 16),
    Buffer.of(NONCE_BYTES + 1),
    Buffer.alloc(6),
    uint32(mariadbCapabilities),
    nonce.subarray(FIRST_PART),
    Buffer.of(0),
    terminated(plugin),
  ]);
}

/**
 * A nonce from at least 20 random bytes. As MySQL makes them: of 7 bits, without NUL, which ends it on the wire, and `$`,
 * which separates it in MySQL's own stores. More than 139 bits of it are random.
 */
export function nonceOf(random: Uint8Array): Buffer {
  if (random.length < NONCE_BYTES) throw new RangeError(`a nonce takes ${NONCE_BYTES} random bytes`);
  const usable = (byte: number) => (byte === 0 || byte === 0x24 ? byte + 1 : byte);
  return Buffer.from(Array.from(random.subarray(0, NONCE_BYTES), (byte) => usable(byte & 0x7f)));
}

/** MariaDB says so in its version text, before 11 as `5.5.5-10.6.…-MariaDB`; everything else speaks as MySQL does. */
export function flavourOf(version: string): Agreed['flavour'] {
  return /mariadb/i.test(version) ? 'mariadb' : 'mysql';
}
