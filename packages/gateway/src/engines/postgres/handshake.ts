/**
 * A PostgreSQL client from its first byte to an open session (protocol, "Message Flow", "Start-up" and after): the real
 * server is met as the grant's principal on the way, and nothing tells the client it is in before there is a permit.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { ProtocolError, postgres } from '@tidegate/wire';
import { type Challenge, Permit, type Proof } from '../../relay/admit.ts';
import type { Arrival } from '../../relay/arrival.ts';
import { type Dialogue, talk, WAITING_LIMIT } from '../../relay/dialogue.ts';
import type { Ready } from '../../relay/engine.ts';
import { ClientGone, LoginRefused, refusedFor } from '../../relay/refusal.ts';
import { connectUpstream, type Upstream } from './upstream.ts';
import { cancelUpstream } from './upstream-cancel.ts';
import type { UpstreamKeys } from './upstream-keys.ts';

/** What the answer to SSLRequest and GSSENCRequest may be. */
const YES = Buffer.from('S');
const NO = Buffer.from('N');
const ALPN = 'postgresql';
/** RFC 7677, and what tickets have: an unknown login name must look like one of ours. */
const ITERATIONS = 4096;
/** Secrets of cancel keys, in bytes: protocol 3.0 knows no other, 3.2 takes up to 256. */
const SECRET_BYTES = { 0: 4, 2: 32 } as const;

const MECHANISMS: ReadonlySet<string> = new Set([postgres.SCRAM_SHA_256, postgres.SCRAM_SHA_256_PLUS]);
type Client = Dialogue<postgres.HandshakeReader>;
type SaslInitial = ReturnType<typeof postgres.readSaslInitialResponse>;

export interface HandshakeOptions {
  readonly keys: UpstreamKeys;
  /** Makes up the salts of login names that are nobody's; the same in every worker, and after a restart. */
  readonly mockSecret: Buffer;
}

export async function handshake(arrival: Arrival, options: HandshakeOptions): Promise<Ready | null> {
  try {
    const opening = await open(arrival);
    if (opening === null) return null;
    const { client, startup, secure } = opening;
    return await session(arrival, client, startup, secure, options);
  } catch (error) {
    throw error instanceof ProtocolError ? refusedFor(error) : error;
  }
}

/** Up to the start-up message: TLS or not, or a cancel request (null), which has no answer. */
async function open(
  arrival: Arrival,
): Promise<{ client: Client; startup: postgres.StartupMessage; secure: boolean } | null> {
  let client = talk(arrival, new postgres.HandshakeReader('client', WAITING_LIMIT));
  let secure = false;
  const asked = new Set<string>();
  for (;;) {
    const packet = await client.next((reader) => reader.startup());
    if (packet.kind === 'startup') return { client, startup: packet, secure };
    if (packet.kind === 'cancel') {
      await arrival.cancels.cancel({ number: packet.processId, secret: Buffer.from(packet.secret) });
      return null;
    }
    // Each may be asked once, encryption only in the clear, and direct TLS is the very first thing or nothing.
    if (asked.has(packet.kind) || secure || (packet.kind === 'tls' && asked.size > 0)) {
      throw new ProtocolError('client', '08P01', `unexpected ${packet.kind} request`);
    }
    asked.add(packet.kind);
    if (packet.kind !== 'tls' && client.waiting > 0) {
      throw new ProtocolError('client', '08P01', 'unencrypted data was sent after the request for encryption');
    }
    if (packet.kind === 'gssenc') {
      client.write(NO);
      continue;
    }
    if (packet.kind === 'ssl') client.write(YES);
    await startTls(arrival, client.leave(), packet.kind === 'tls');
    secure = true;
    client = talk(arrival, new postgres.HandshakeReader('client', WAITING_LIMIT));
  }
}

/** Direct TLS needs its ALPN: without, a client made to speak another protocol could be led here (ALPACA). */
async function startTls(arrival: Arrival, received: Buffer, direct: boolean): Promise<void> {
  const protocol = await arrival.startTls(received, [ALPN]);
  if (direct && protocol !== ALPN) throw new ProtocolError('client', '08P01', `direct TLS needs ALPN "${ALPN}"`);
}

async function session(
  arrival: Arrival,
  client: Client,
  startup: postgres.StartupMessage,
  secure: boolean,
  options: HandshakeOptions,
): Promise<Ready> {
  arrival.introduce({
    loginName: startup.user,
    database: startup.database,
    application: startup.parameters.get('application_name') ?? '',
    clientAddress: arrival.address,
  });
  if (arrival.tlsRequired && !secure) {
    throw new LoginRefused('tls_required', 'this gateway takes connections with TLS only', {
      next: 'Connect with sslmode=verify-full.',
    });
  }
  if (startup.replication) {
    throw new LoginRefused('not_supported', 'replication connections are not let through', {
      next: 'Connect without the parameter "replication".',
    });
  }
  const parameters = postgres.upstreamParameters(startup.parameters);
  if (startup.negotiate !== null) {
    const { minor, unknownOptions } = startup.negotiate;
    client.write(postgres.negotiateProtocolVersion(minor, unknownOptions));
  }
  const challenge = arrival.challenge();
  const { proof, answer } = await prove(client, challenge, secure ? arrival.tls.endPoint : null, options);
  const permit = await arrival.admit(challenge, proof);
  const upstream = await connectUpstream({ permit, parameters, keys: options.keys, signal: arrival.signal });
  try {
    const { number, secret } = arrival.cancels.keyFor(permit, SECRET_BYTES[startup.minor]);
    return {
      permit,
      client: arrival.socket,
      server: upstream.socket,
      greeting: greeting(permit, answer, upstream, { processId: number, secret }),
      takeOver: () => ({ fromClient: client.leave(), fromServer: upstream.leave() }),
      walker: (sink) => new postgres.PostgresSession(sink),
      cancelUpstream: canceller(permit, upstream),
      answer: null,
    };
  } catch (error) {
    upstream.socket.destroy();
    throw error;
  }
}

/** A function of its own, since it lives as long as the session and would keep alive whatever it was made beside. */
function canceller({ resource }: Permit, { key, socket: { remoteAddress } }: Upstream): Ready['cancelUpstream'] {
  return async () => {
    if (key !== null) await cancelUpstream(resource, remoteAddress, key);
  };
}

/** SCRAM-SHA-256, and -PLUS inside TLS. Unknown login names go the whole way too, and fail at its end like a wrong ticket. */
async function prove(
  client: Client,
  { tickets, attempt }: Challenge,
  endPoint: Buffer | null,
  { mockSecret }: HandshakeOptions,
): Promise<{ proof: Proof; answer: Buffer }> {
  const candidates = tickets ?? postgres.mockCandidates(mockSecret, attempt.loginName, ITERATIONS);
  const scram = new postgres.ScramServer({ candidates, nonce: randomBytes(18).toString('base64'), endPoint });
  client.write(postgres.authenticationSasl(scram.mechanisms));
  const initial = postgres.readSaslInitialResponse(await password(client));
  client.write(postgres.authenticationSaslContinue(scram.first(initial.mechanism, await firstOf(client, initial))));
  const verdict = scram.final(await password(client));
  if (!verdict.accepted) return { proof: { accepted: false }, answer: Buffer.alloc(0) };
  return { proof: { accepted: true, index: verdict.index }, answer: verdict.message };
}

/** A client may leave its first message out, and is then asked for it (RFC 4422, section 5). */
async function firstOf(client: Client, { mechanism, data }: SaslInitial): Promise<Uint8Array> {
  if (data !== null || !MECHANISMS.has(mechanism)) return data ?? Buffer.alloc(0);
  client.write(postgres.authenticationSaslContinue(Buffer.alloc(0)));
  return password(client);
}

async function password(client: Client): Promise<Buffer> {
  const { type, body } = await client.next((reader) => reader.message());
  if (type === postgres.Frontend.password) return body;
  if (type === postgres.Frontend.terminate) throw new ClientGone('it said goodbye');
  throw new ProtocolError('client', '08P01', 'expected a password message');
}

/** "You are in": with a permit only. */
function greeting(permit: Permit, answer: Buffer, upstream: Upstream, key: postgres.CancelKey): Buffer {
  Permit.demand(permit);
  return Buffer.concat([
    postgres.authenticationSaslFinal(answer),
    postgres.authenticationOk(),
    ...upstream.greetings,
    postgres.backendKeyData(key),
    postgres.readyForQuery(upstream.status),
  ]);
}
