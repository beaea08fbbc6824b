/**
 * Federated authentication by a library (MS-TDS 2.2.6.3, 2.2.7.12): the server says whose token it wants and for what,
 * the client fetches one and sends it.
 */
import { Buffer } from 'node:buffer';
import { FieldReader, uint32, utf16 } from './fields.ts';
import { Token } from './tokens.ts';

const STS_URL = 0x01;
const SPN = 0x02;
const MAX_OPTIONS = 16;

export interface FedAuthInfo {
  /** Who issues the tokens. */
  readonly stsUrl: string;
  /** What they must be for. */
  readonly spn: string;
}

/** The data of a FEDAUTHINFO token, behind its length. */
export function readFedAuthInfo(data: Uint8Array): FedAuthInfo {
  const reader = new FieldReader(data, 'server', 'FEDAUTHINFO');
  const count = reader.uint32();
  if (count > MAX_OPTIONS) throw reader.malformed('too many options');
  const info = new Map<number, string>();
  for (let i = 0; i < count; i++) {
    const id = reader.uint8();
    const length = reader.uint32();
    const offset = reader.uint32();
    const next = reader.at;
    reader.seek(offset);
    info.set(id, reader.bytes(length).toString('utf16le'));
    reader.seek(next);
  }
  return { stsUrl: info.get(STS_URL) ?? '', spn: info.get(SPN) ?? '' };
}

/** A FEDAUTHINFO token. */
export function fedAuthInfo({ stsUrl, spn }: FedAuthInfo): Buffer {
  const sts = utf16(stsUrl);
  const name = utf16(spn);
  const first = 4 + 2 * 9;
  const data = Buffer.concat([
    uint32(2),
    Buffer.of(STS_URL),
    uint32(sts.length),
    uint32(first),
    Buffer.of(SPN),
    uint32(name.length),
    uint32(first + sts.length),
    sts,
    name,
  ]);
  return Buffer.concat([Buffer.of(Token.fedAuthInfo), uint32(data.length), data]);
}

export interface FedAuthToken {
  readonly token: string;
  readonly nonce: Buffer | null;
}

/** The body of a client's federated authentication token message. */
export function readFedAuthToken(body: Uint8Array): FedAuthToken {
  const reader = new FieldReader(body, 'client', 'federated authentication token');
  const length = reader.uint32();
  if (length !== reader.remaining) throw reader.malformed('its length differs');
  const token = reader.bytes(reader.uint32()).toString('utf16le');
  return { token, nonce: reader.remaining > 0 ? Buffer.from(reader.rest()) : null };
}

export function writeFedAuthToken({ token, nonce }: FedAuthToken): Buffer {
  const bytes = utf16(token);
  const rest = nonce ?? Buffer.alloc(0);
  return Buffer.concat([uint32(4 + bytes.length + rest.length), uint32(bytes.length), bytes, rest]);
}
