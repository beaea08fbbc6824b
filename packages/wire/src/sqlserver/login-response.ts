/**
 * What a server answers to a login, token by token (MS-TDS 2.2.7): for the handshake, where messages are small and read
 * whole. Each token is given with its bytes, so that what the client is to see can be passed on as it came.
 */
import type { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { type FedAuthInfo, readFedAuthInfo } from './fedauth.ts';
import { FieldReader } from './fields.ts';
import { type Feature, readFeatures } from './login-features.ts';
import { EnvChange, Token } from './tokens.ts';
import { isWide } from './versions.ts';

export interface ServerMessage {
  readonly number: number;
  readonly state: number;
  /** Severity: up to 10 it is information, from 11 on an error, from 20 on the connection ends. */
  readonly severity: number;
  readonly message: string;
  readonly server: string;
  readonly procedure: string;
  readonly line: number;
}

export interface Routing {
  readonly server: string;
  readonly port: number;
  /** Only in enhanced routing. */
  readonly database: string | null;
}

export type LoginToken =
  | { readonly kind: 'loginAck'; readonly version: number; readonly program: string }
  | { readonly kind: 'error' | 'info'; readonly message: ServerMessage }
  /** Old and new value where they are text (database, language, packet size …). */
  | { readonly kind: 'change'; readonly type: number; readonly value: string; readonly old: string }
  | { readonly kind: 'routing'; readonly type: number; readonly routing: Routing }
  | { readonly kind: 'features'; readonly features: readonly Feature[] }
  | { readonly kind: 'fedAuthInfo'; readonly info: FedAuthInfo }
  | { readonly kind: 'done'; readonly status: number }
  /** Nothing a login turns on. */
  | { readonly kind: 'other'; readonly token: number };

export type ReceivedToken = LoginToken & {
  /** The token as it came. */
  readonly bytes: Buffer;
};

/** ENVCHANGEs whose values are text behind a length of one byte; all others hold bytes. */
const TEXT_CHANGES: ReadonlySet<number> = new Set([
  EnvChange.database,
  EnvChange.language,
  EnvChange.characterSet,
  EnvChange.packetSize,
  EnvChange.mirror,
  EnvChange.userInstance,
]);
const PROTOCOL_TCP = 0;

/**
 * The tokens of a response to PRELOGIN's successor, LOGIN7, or to a federated token. `version`: what the client asked
 * for; once LOGINACK has told another, that.
 */
export function readLoginResponse(body: Buffer, version: number): ReceivedToken[] {
  const reader = new FieldReader(body, 'server', 'login response');
  const tokens: ReceivedToken[] = [];
  let spoken = version;
  while (reader.remaining > 0) {
    const start = reader.at;
    const token = readToken(reader, spoken);
    if (token.kind === 'loginAck') spoken = token.version;
    tokens.push({ ...token, bytes: body.subarray(start, reader.at) });
  }
  return tokens;
}

function readToken(reader: FieldReader, version: number): LoginToken {
  const token = reader.uint8();
  switch (token) {
    case Token.loginAck:
      return loginAck(sized(reader, reader.uint16()));
    case Token.error:
    case Token.info: {
      const message = serverMessage(sized(reader, reader.uint16()), isWide(version));
      return { kind: token === Token.error ? 'error' : 'info', message };
    }
    case Token.environmentChange:
      return change(sized(reader, reader.uint16()));
    case Token.featureAck:
      return { kind: 'features', features: readFeatures(reader) };
    case Token.fedAuthInfo:
      return { kind: 'fedAuthInfo', info: readFedAuthInfo(reader.bytes(reader.uint32())) };
    case Token.done:
    case Token.doneProcedure:
    case Token.doneInProcedure: {
      const status = reader.uint16();
      reader.bytes(2 + (isWide(version) ? 8 : 4));
      return { kind: 'done', status };
    }
    case Token.sessionState:
      reader.bytes(reader.uint32());
      return { kind: 'other', token };
    case Token.sspi:
    case Token.order:
      reader.bytes(reader.uint16());
      return { kind: 'other', token };
    case Token.returnStatus:
      reader.bytes(4);
      return { kind: 'other', token };
    default:
      throw new ProtocolError(
        'server',
        SqlState.protocolViolation,
        'the server answered a login with an unknown token',
      );
  }
}

const sized = (reader: FieldReader, length: number): FieldReader =>
  new FieldReader(reader.bytes(length), 'server', 'login response');

function loginAck(reader: FieldReader): LoginToken {
  reader.uint8(); // interface
  // The only place where a version is written from its highest byte.
  const version = reader.uint32BE();
  const program = reader.shortText().replaceAll('\0', '');
  return { kind: 'loginAck', version, program };
}

function serverMessage(reader: FieldReader, wide: boolean): ServerMessage {
  const number = reader.int32();
  const state = reader.uint8();
  const severity = reader.uint8();
  const message = reader.longText();
  const server = reader.shortText();
  const procedure = reader.shortText();
  const line = wide ? reader.uint32() : reader.uint16();
  return { number, state, severity, message, server, procedure, line };
}

function change(reader: FieldReader): LoginToken {
  const type = reader.uint8();
  if (type === EnvChange.routing || type === EnvChange.enhancedRouting) {
    return { kind: 'routing', type, routing: readRouting(reader, type === EnvChange.enhancedRouting) };
  }
  if (!TEXT_CHANGES.has(type)) return { kind: 'change', type, value: '', old: '' };
  return { kind: 'change', type, value: reader.shortText(), old: reader.remaining > 0 ? reader.shortText() : '' };
}

function readRouting(reader: FieldReader, enhanced: boolean): Routing {
  reader.uint16(); // length of what follows
  if (reader.uint8() !== PROTOCOL_TCP) throw reader.malformed('routing by another protocol than TCP');
  const port = reader.uint16();
  if (port === 0) throw reader.malformed('routing to no port');
  const server = reader.longText();
  return { server, port, database: enhanced ? reader.longText() : null };
}
