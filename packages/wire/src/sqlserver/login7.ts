/**
 * LOGIN7 (MS-TDS 2.2.6.4): who logs in, from where, as what, and what the client can do. Read whole and written anew, so
 * that credentials can be exchanged and everything else kept.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { FieldReader, uint16, uint32, utf16 } from './fields.ts';
import { type Feature, readFeatures, writeFeatures } from './login-features.ts';
import { obfuscate, reveal } from './password.ts';
import { isSpoken, isWide } from './versions.ts';

export interface Login7 {
  readonly version: number;
  /** As asked for; 0 leaves it to the server. The server's answer is an ENVCHANGE. */
  readonly packetBytes: number;
  readonly programVersion: number;
  readonly processId: number;
  readonly connectionId: number;
  /** OptionFlags1, OptionFlags2, TypeFlags, OptionFlags3: see `LoginFlag`. */
  readonly flags: readonly [number, number, number, number];
  readonly timeZone: number;
  readonly lcid: number;
  readonly hostName: string;
  readonly userName: string;
  readonly password: string;
  readonly applicationName: string;
  readonly serverName: string;
  readonly libraryName: string;
  readonly language: string;
  /** Empty: the login's own. */
  readonly database: string;
  /** Six bytes, usually of a network card. */
  readonly clientId: Buffer;
  /** null: the client offered none, not even an empty list. */
  readonly features: readonly Feature[] | null;
}

export const LoginFlag = {
  /** Flags 1: numbers, characters and floats in other than little-endian, ASCII and IEEE order. */
  foreignOrder: [0, 0x0f],
  /** Flags 2: Windows authentication. */
  integrated: [1, 0x80],
  /** Flags 3. */
  changePassword: [3, 0x01],
  userInstance: [3, 0x04],
  extension: [3, 0x10],
} as const;

const FIXED_BYTES = 36;
/** The fixed part and the list of places: in 7.1 it ends before the new password. */
const FIRST_DATA = 94;
const FIRST_DATA_7_1 = 86;
/** MS-TDS: names, passwords and the like. */
const MAX_TEXT = 128;

const has = (flags: readonly number[], [index, bits]: readonly [number, number]): boolean =>
  ((flags[index] ?? 0) & bits) !== 0;

/**
 * The body of a client's LOGIN7. What the gateway can't pass on as it stands is refused: Windows authentication, a new
 * password, a database file to attach, an instance of the user's own, byte orders of long ago.
 */
export function readLogin7(body: Uint8Array): Login7 {
  const reader = new FieldReader(body, 'client', 'LOGIN7');
  const length = reader.uint32();
  if (length !== body.length) throw reader.malformed('its length differs');
  const version = reader.uint32();
  if (!isSpoken(version)) throw unsupported('TDS versions before 7.1 are not supported');
  const packetBytes = reader.uint32();
  const programVersion = reader.uint32();
  const processId = reader.uint32();
  const connectionId = reader.uint32();
  const flags = [reader.uint8(), reader.uint8(), reader.uint8(), reader.uint8()] as const;
  const timeZone = reader.int32();
  const lcid = reader.uint32();
  if (has(flags, LoginFlag.foreignOrder)) throw unsupported('only little-endian clients are supported');

  const hostName = textAt(reader);
  const userName = textAt(reader);
  const password = reveal(bytesAt(reader, 2));
  const applicationName = textAt(reader);
  const serverName = textAt(reader);
  const extension = placeAt(reader);
  const libraryName = textAt(reader);
  const language = textAt(reader);
  const database = textAt(reader);
  const clientId = Buffer.from(reader.bytes(6));
  const sspi = placeAt(reader);
  const attach = placeAt(reader);
  const wide = isWide(version);
  const newPassword = wide ? placeAt(reader) : NOWHERE;
  const sspiLong = wide ? reader.uint32() : 0;
  if (has(flags, LoginFlag.integrated) || sspi.length > 0 || sspiLong > 0) {
    throw unsupported('Windows authentication is not supported: log in with the name and the password of a ticket');
  }
  if (has(flags, LoginFlag.changePassword) || newPassword.length > 0) {
    throw unsupported('the password cannot be changed');
  }
  if (attach.length > 0 || has(flags, LoginFlag.userInstance)) {
    throw unsupported('databases are not attached through the gateway');
  }
  return {
    version,
    packetBytes,
    programVersion,
    processId,
    connectionId,
    flags,
    timeZone,
    lcid,
    hostName,
    userName,
    password,
    applicationName,
    serverName,
    libraryName,
    language,
    database,
    clientId,
    // tedious sets the flag in versions that know no features, and gives no place of them.
    features: wide && has(flags, LoginFlag.extension) && extension.length > 0 ? featuresAt(reader, extension) : null,
  };
}

/** The body of a LOGIN7. RangeError when a text is longer than servers take. */
export function writeLogin7(login: Login7): Buffer {
  const wide = isWide(login.version);
  const features = wide ? login.features : null;
  const texts: Buffer[] = [];
  let offset = wide ? FIRST_DATA : FIRST_DATA_7_1;
  const places: Buffer[] = [];
  const put = (bytes: Buffer, unit: number): void => {
    if (bytes.length > MAX_TEXT * 2) throw new RangeError('a text too long for LOGIN7');
    places.push(uint16(offset), uint16(bytes.length / unit));
    texts.push(bytes);
    offset += bytes.length;
  };
  put(utf16(login.hostName), 2);
  put(utf16(login.userName), 2);
  put(obfuscate(login.password), 2);
  put(utf16(login.applicationName), 2);
  put(utf16(login.serverName), 2);
  // Where the list of features is, told by a number of its own: filled in below.
  const pointer = Buffer.alloc(features === null ? 0 : 4);
  put(pointer, 1);
  put(utf16(login.libraryName), 2);
  put(utf16(login.language), 2);
  put(utf16(login.database), 2);
  places.push(login.clientId);
  const nothing = Buffer.alloc(0);
  put(nothing, 1); // SSPI
  put(nothing, 2); // a database file to attach
  if (wide) {
    put(nothing, 2); // a new password
    places.push(uint32(0)); // length of a long SSPI
  }
  if (features !== null) pointer.writeUInt32LE(offset);
  const list = features === null ? nothing : writeFeatures(features);

  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.writeUInt32LE(offset + list.length, 0);
  fixed.writeUInt32LE(login.version, 4);
  fixed.writeUInt32LE(login.packetBytes, 8);
  fixed.writeUInt32LE(login.programVersion, 12);
  fixed.writeUInt32LE(login.processId, 16);
  fixed.writeUInt32LE(login.connectionId, 20);
  login.flags.forEach((flag, index) => {
    fixed.writeUInt8(flag, 24 + index);
  });
  const [at, bit] = LoginFlag.extension;
  const flags3 = login.flags[at];
  fixed.writeUInt8(features === null ? flags3 & ~bit : flags3 | bit, 24 + at);
  fixed.writeInt32LE(login.timeZone, 28);
  fixed.writeUInt32LE(login.lcid, 32);
  return Buffer.concat([fixed, ...places, ...texts, list]);
}

interface Place {
  readonly offset: number;
  /** In units of the field: code units, or bytes. */
  readonly length: number;
}

const NOWHERE: Place = { offset: 0, length: 0 };

function placeAt(reader: FieldReader): Place {
  return { offset: reader.uint16(), length: reader.uint16() };
}

function bytesAt(reader: FieldReader, unit: number): Buffer {
  const { offset, length } = placeAt(reader);
  if (length > MAX_TEXT) throw reader.malformed('a text that is too long');
  if (length === 0) return Buffer.alloc(0);
  const next = reader.at;
  reader.seek(offset);
  const bytes = Buffer.from(reader.bytes(length * unit));
  reader.seek(next);
  return bytes;
}

const textAt = (reader: FieldReader): string => bytesAt(reader, 2).toString('utf16le');

function featuresAt(reader: FieldReader, { offset, length }: Place): Feature[] {
  if (length < 4) throw reader.malformed('no place of its features');
  reader.seek(offset);
  reader.seek(reader.uint32());
  return readFeatures(reader);
}

function unsupported(message: string): ProtocolError {
  return new ProtocolError('client', SqlState.featureNotSupported, message);
}
