/**
 * The features that a client offers in LOGIN7 and a server acknowledges (MS-TDS 2.2.6.4 FeatureExt, 2.2.7.11), and
 * federated authentication among them.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { FieldReader, uint32 } from './fields.ts';

export const FeatureId = {
  sessionRecovery: 0x01,
  fedAuth: 0x02,
  columnEncryption: 0x04,
  globalTransactions: 0x05,
  azureSqlSupport: 0x08,
  dataClassification: 0x09,
  utf8Support: 0x0a,
  azureSqlDnsCaching: 0x0b,
  json: 0x0d,
  vector: 0x0e,
  enhancedRouting: 0x0f,
  userAgent: 0x10,
  terminator: 0xff,
} as const;

export interface Feature {
  readonly id: number;
  readonly data: Buffer;
}

/**
 * What may be agreed on between client and server with the gateway between them. Not session recovery (a session ends
 * when its connection does), not enhanced routing (where a session goes is the gateway's to decide), and nothing that
 * puts into the streams what the walker can't follow: encrypted columns, classifications, types of their own, and
 * whatever is yet to come. A client that is not granted a feature goes on without.
 */
const PASSED: ReadonlySet<number> = new Set([
  FeatureId.globalTransactions,
  FeatureId.azureSqlSupport,
  FeatureId.utf8Support,
  FeatureId.azureSqlDnsCaching,
  FeatureId.userAgent,
]);

/** The features to offer the server: the client's, less those that can't be passed on and its federated login. */
export function upstreamFeatures(features: readonly Feature[] | null): readonly Feature[] | null {
  return features === null ? null : features.filter(({ id }) => PASSED.has(id));
}

const MAX_FEATURES = 64;
const MAX_FEATURE_BYTES = 64 * 1024;

/** Reads up to and with the terminator. */
export function readFeatures(reader: FieldReader): Feature[] {
  const features: Feature[] = [];
  for (;;) {
    const id = reader.uint8();
    if (id === FeatureId.terminator) return features;
    if (features.length >= MAX_FEATURES) throw reader.malformed('too many features');
    if (features.some((feature) => feature.id === id)) throw reader.malformed('a feature given twice');
    const length = reader.uint32();
    if (length > MAX_FEATURE_BYTES) throw reader.malformed('a feature too large');
    features.push({ id, data: Buffer.from(reader.bytes(length)) });
  }
}

export function writeFeatures(features: readonly Feature[]): Buffer {
  const parts = features.flatMap(({ id, data }) => [Buffer.of(id), uint32(data.length), data]);
  return Buffer.concat([...parts, Buffer.of(FeatureId.terminator)]);
}

/** How a client means to log in with a token. */
export type FedAuth =
  | { readonly library: 'securityToken'; readonly echo: boolean; readonly token: string; readonly nonce: Buffer | null }
  /** The token comes in a message of its own, after the server has said whose it must be (FEDAUTHINFO). */
  | { readonly library: 'adal'; readonly echo: boolean; readonly workflow: number };

const LIBRARY_SECURITY_TOKEN = 1;
const LIBRARY_ADAL = 2;
const NONCE_BYTES = 32;

/** What the client offers of federated authentication; null where it doesn't. */
export function fedAuthOf(features: readonly Feature[] | null): FedAuth | null {
  const feature = features?.find(({ id }) => id === FeatureId.fedAuth);
  if (feature === undefined) return null;
  const reader = new FieldReader(feature.data, 'client', 'FEDAUTH feature');
  const options = reader.uint8();
  const echo = (options & 1) !== 0;
  const library = options >> 1;
  if (library === LIBRARY_ADAL) return { library: 'adal', echo, workflow: reader.remaining > 0 ? reader.uint8() : 0 };
  if (library !== LIBRARY_SECURITY_TOKEN) {
    throw new ProtocolError('client', SqlState.featureNotSupported, 'this kind of federated login is not supported');
  }
  const token = reader.bytes(reader.uint32()).toString('utf16le');
  const nonce = reader.remaining >= NONCE_BYTES ? Buffer.from(reader.bytes(NONCE_BYTES)) : null;
  return { library: 'securityToken', echo, token, nonce };
}

/** A FEDAUTH feature that carries an access token: how the gateway itself logs in where it is told to by token. */
export function fedAuthFeature(token: string, echo: boolean, nonce: Buffer | null = null): Feature {
  const bytes = Buffer.from(token, 'utf16le');
  const options = (LIBRARY_SECURITY_TOKEN << 1) | (echo ? 1 : 0);
  const parts = [Buffer.of(options), uint32(bytes.length), bytes, nonce ?? Buffer.alloc(0)];
  return { id: FeatureId.fedAuth, data: Buffer.concat(parts) };
}
