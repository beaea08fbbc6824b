/** LOGIN7 (MS-TDS 2.2.6.4). */
import { Buffer } from 'node:buffer';
import { Malformed, Reader } from './reader.ts';
import { isSince } from './versions.ts';

export const Feature = { federated: 0x02, utf8: 0x0a } as const;
const FEATURES_END = 0xff;
/** OptionFlags3: the login has a FeatureExt block. */
const EXTENSION = 0x10;
/** OptionFlags2: the client logs in as its Windows account. */
const INTEGRATED = 0x80;

export interface FederatedAsk {
  /** 1: the token comes along. 2: the client asks where to get one, and sends it after that. */
  readonly library: number;
  readonly echo: boolean;
  readonly token: string | null;
  readonly nonce: Buffer | null;
}

export interface Login7 {
  readonly tdsVersion: number;
  readonly packetSize: number;
  readonly hostName: string;
  readonly userName: string;
  readonly password: string;
  readonly application: string;
  readonly serverName: string;
  readonly library: string;
  readonly language: string;
  readonly database: string;
  readonly newPassword: string;
  readonly integrated: boolean;
  readonly features: ReadonlySet<number>;
  readonly federated: FederatedAsk | null;
}

export function parseLogin7(payload: Buffer): Login7 {
  const head = new Reader(payload);
  const length = head.u32();
  if (length > payload.length) throw new Malformed(`a LOGIN7 of ${length} bytes in ${payload.length}`);
  const tdsVersion = head.u32();
  const packetSize = head.u32();
  head.take(12);
  head.u8();
  const flags2 = head.u8();
  head.u8();
  const flags3 = head.u8();
  head.take(8);
  const field = (): Reader => {
    const offset = head.u16();
    return new Reader(new Reader(payload, offset).take(head.u16() * 2));
  };
  const text = (): string => field().rest().toString('utf16le');
  const secret = (): string => plain(field().rest()).toString('utf16le');
  const hostName = text();
  const userName = text();
  const password = secret();
  const application = text();
  const serverName = text();
  const extensionAt = head.u16();
  const extensionLength = head.u16();
  const library = text();
  const language = text();
  const database = text();
  head.take(6);
  head.take(4);
  text();
  const newPassword = isSince(tdsVersion, 0x72000000) ? secret() : '';
  // Some clients set the flag before 7.4 too, where there was no such block.
  const extended = (flags3 & EXTENSION) !== 0 && extensionLength >= 4 && isSince(tdsVersion, 0x74000000);
  const features = extended
    ? parseFeatures(new Reader(payload, new Reader(payload, extensionAt).u32()))
    : new Map<number, Buffer>();
  const federated = features.get(Feature.federated);
  return {
    tdsVersion,
    packetSize,
    hostName,
    userName,
    password,
    application,
    serverName,
    library,
    language,
    database,
    newPassword,
    integrated: (flags2 & INTEGRATED) !== 0,
    features: new Set(features.keys()),
    federated: federated === undefined ? null : parseFederated(new Reader(federated)),
  };
}

/** Hidden by swapping each byte's halves and flipping every other bit (2.2.6.4). */
function plain(hidden: Buffer): Buffer {
  return Buffer.from(hidden.map((byte) => (((byte ^ 0xa5) << 4) & 0xf0) | ((byte ^ 0xa5) >> 4)));
}

function parseFeatures(reader: Reader): Map<number, Buffer> {
  const features = new Map<number, Buffer>();
  for (let id = reader.u8(); id !== FEATURES_END; id = reader.u8()) features.set(id, reader.take(reader.u32()));
  return features;
}

function parseFederated(reader: Reader): FederatedAsk {
  const options = reader.u8();
  const library = options >> 1;
  const echo = (options & 1) === 1;
  if (library === 2) return { library, echo, token: null, nonce: null };
  if (library !== 1) throw new Malformed(`federated library ${library}`);
  const token = reader.take(reader.u32()).toString('utf16le');
  return { library, echo, token, nonce: reader.left >= 32 ? reader.take(32) : null };
}

/** The message of type 8 with which library 2 sends its token (2.2.6.3). */
export function parseFederatedToken(payload: Buffer): { token: string; nonce: Buffer | null } {
  const reader = new Reader(payload);
  const all = new Reader(reader.take(reader.u32()));
  const token = all.take(all.u32()).toString('utf16le');
  return { token, nonce: all.left >= 32 ? all.take(32) : null };
}
