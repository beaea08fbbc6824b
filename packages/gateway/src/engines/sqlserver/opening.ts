/**
 * A client up to its LOGIN7, which is never heard outside of TLS: it says the password itself, as good as bare. Up to
 * TDS 7.4 the client asks by PRELOGIN and TLS begins inside TDS; in 8.0 TLS comes first, and PRELOGIN in it.
 */
import type { Buffer } from 'node:buffer';
import { ProtocolError, sqlserver } from '@tidegate/wire';
import type { Arrival } from '../../relay/arrival.ts';
import { LoginRefused } from '../../relay/refusal.ts';
import { enclosedForClient } from './enclosure.ts';
import { Exchange } from './exchange.ts';

const { PacketType, Encryption } = sqlserver;
/** Whatever else comes first would be taken for a packet, and its end waited for. */
const BEGINNINGS: ReadonlySet<number> = new Set([PacketType.prelogin, PacketType.login7, sqlserver.TLS_HANDSHAKE]);
const STRICT = 'tds/8.0';
/** What clients are told of the server before it is known which one they want: SQL Server 2022. */
const VERSION = { major: 16, minor: 0, build: 1000, sub: 0 };

export interface Opening {
  readonly client: Exchange;
  readonly login: sqlserver.Login7;
  /** That the client has said it means to come with a token, and was answered so. */
  readonly echo: boolean;
  /** The client's, in PRELOGIN: an acknowledged token comes with it. */
  readonly nonce: Buffer | null;
}

export async function open(arrival: Arrival): Promise<Opening> {
  let client = Exchange.withClient(arrival);
  const first = await client.first();
  if (!BEGINNINGS.has(first)) throw new ProtocolError('client', '08P01', 'this port speaks TDS only');
  if (first === sqlserver.TLS_HANDSHAKE) {
    const protocol = await arrival.startTls(client.leave(), [STRICT]);
    client = Exchange.withClient(arrival);
    if (protocol !== STRICT) {
      throw new LoginRefused('protocol_violation', 'a client that begins with TLS must speak TDS 8.0 (ALPN tds/8.0)');
    }
    const prelogin = await preloginOf(client);
    return await loginOf(arrival, client, answer(client, prelogin, Encryption.notSupported), prelogin);
  }
  const prelogin = await preloginOf(client);
  const able = prelogin.encryption !== Encryption.notSupported;
  const echo = answer(client, prelogin, prelogin.encryption === Encryption.off ? Encryption.required : Encryption.on);
  if (!able) throw tlsRequired();
  await arrival.startTls(client.leave(), [], enclosedForClient);
  return await loginOf(arrival, Exchange.withClient(arrival), echo, prelogin);
}

/** jTDS without `ssl` begins with its login. */
async function preloginOf(client: Exchange): Promise<sqlserver.Prelogin> {
  const { type, body } = await client.receive(PacketType.prelogin, PacketType.login7);
  if (type === PacketType.login7) throw tlsRequired();
  return sqlserver.readPrelogin(body, 'client');
}

/** Gives whether the client was told that a token is expected. */
function answer(client: Exchange, { fedAuthRequired }: sqlserver.Prelogin, encryption: number): boolean {
  const echo = fedAuthRequired === 1;
  client.send(
    PacketType.response,
    sqlserver.preloginAnswer(VERSION, encryption, fedAuthRequired === null ? null : Number(echo)),
  );
  return echo;
}

async function loginOf(
  arrival: Arrival,
  client: Exchange,
  echo: boolean,
  { nonce }: sqlserver.Prelogin,
): Promise<Opening> {
  const { body } = await client.receive(PacketType.login7);
  const login = sqlserver.readLogin7(body);
  arrival.version = login.version;
  return { client, login, echo, nonce };
}

function tlsRequired(): LoginRefused {
  return new LoginRefused('tls_required', 'this gateway takes connections with TLS only', {
    next: 'Connect with encryption: -N (sqlcmd), encrypt=true (drivers), encryption = require (FreeTDS), ssl=require (jTDS).',
  });
}
