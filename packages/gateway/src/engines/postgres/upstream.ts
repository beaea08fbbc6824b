/**
 * The connection to the real server, as the grant's principal. SCRAM only: a server that asks for a password in any
 * other way could collect it, and one that asks for none would not heed `VALID UNTIL` (promise 2: a principal's last
 * door closes in the database itself).
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { postgres } from '@tidegate/wire';
import type { Permit } from '../../relay/admit.ts';
import { Dialogue } from '../../relay/dialogue.ts';
import { LoginRefused } from '../../relay/refusal.ts';
import type { RelaySocket, SocketAddress } from '../../relay/sockets.ts';
import { lostServer, type Reached, reach, ServerLost } from '../../relay/upstream.ts';
import type { RelayResource } from '../../worker-protocol.ts';
import { refusedByServer } from './upstream-errors.ts';
import type { UpstreamKeys } from './upstream-keys.ts';

export interface Upstream {
  readonly socket: RelaySocket;
  /** What the server said between its AuthenticationOk and its first ReadyForQuery, for the client: whole messages. */
  readonly greetings: readonly Buffer[];
  readonly status: postgres.TransactionStatus;
  readonly key: postgres.CancelKey | null;
  /** Ends the login's reading and gives what was sent beyond ReadyForQuery. */
  readonly leave: () => Buffer;
}

export interface UpstreamOptions {
  readonly permit: Permit;
  /** What the client asked for at its start, as far as it may (wire, `upstreamParameters`). */
  readonly parameters: ReadonlyMap<string, string>;
  readonly keys: UpstreamKeys;
  readonly signal: AbortSignal;
}

type Server = Dialogue<postgres.HandshakeReader>;
const message = (reader: postgres.HandshakeReader) => reader.message();

/** Throws LoginRefused, or what `signal` aborts with. */
export async function connectUpstream(options: UpstreamOptions): Promise<Upstream> {
  const { permit, signal } = options;
  const { socket, tls } = await reachServer(permit.resource, addressOf(permit.resource), signal);
  try {
    return await logIn(socket, tls?.endPoint ?? null, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** A connection to the resource, inside TLS where its configuration says so. */
export const reachServer = (resource: RelayResource, address: SocketAddress, signal: AbortSignal): Promise<Reached> =>
  reach({ resource, address, signal, protocols: ['postgresql'], askForTls });

export function addressOf({ address }: RelayResource): SocketAddress {
  if ('socket' in address) return { path: `${address.socket}/.s.PGSQL.${address.port}` };
  return { host: address.host, port: address.port };
}

/** SSLRequest. The answer is one byte; more could have been put there by anybody on the path (CVE-2021-23222). */
function askForTls(socket: RelaySocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const lost = () => reject(new ServerLost('it closed the connection instead of answering SSLRequest'));
  socket.readBy({
    chunk: (bytes, length) => {
      if (length === 1 && bytes[0] === 0x53) resolve();
      else reject(new ServerLost('it does not speak TLS, which the resource is configured to need'));
    },
    ended: lost,
    drained() {},
    closed: lost,
  });
  socket.write(postgres.sslRequest());
  return promise;
}

async function logIn(socket: RelaySocket, endPoint: Buffer | null, options: UpstreamOptions): Promise<Upstream> {
  const { permit, parameters, signal } = options;
  const reader = new postgres.HandshakeReader('server');
  const server: Server = new Dialogue(socket, reader, signal, (why) => lostServer(permit.resource, why));
  server.write(postgres.startupMessage(permit.grant.loginName, permit.attempt.database, parameters));
  await authenticate(server, endPoint, options);

  const greetings: Buffer[] = [];
  let key: postgres.CancelKey | null = null;
  for (;;) {
    const { type, body } = await server.next(message);
    switch (type) {
      case postgres.Backend.parameterStatus:
      case postgres.Backend.noticeResponse:
        greetings.push(whole(type, body));
        break;
      case postgres.Backend.backendKeyData:
        key = postgres.readBackendKeyData(body);
        break;
      case postgres.Backend.readyForQuery:
        return { socket, greetings, key, status: postgres.readReadyForQuery(body), leave: () => server.leave() };
      case postgres.Backend.errorResponse:
        throw refusedByServer(permit, body);
      default:
        throw unexpected(permit, `a message of type ${type} before it was ready`);
    }
  }
}

async function authenticate(server: Server, endPoint: Buffer | null, options: UpstreamOptions): Promise<void> {
  const { permit, keys } = options;
  const { grant } = permit;
  let scram: postgres.ScramClient | null = null;
  let proved = false;
  for (;;) {
    const { type, body } = await server.next(message);
    if (type === postgres.Backend.errorResponse) throw refusedByServer(permit, body);
    // A notice before login is of no use to the client, who has no session to see it in.
    if (type === postgres.Backend.noticeResponse) continue;
    if (type !== postgres.Backend.authentication) throw unexpected(permit, `a message of type ${type} during login`);
    const asked = postgres.readAuthentication(body);
    if (asked.kind === 'sasl' && scram === null) {
      scram = new postgres.ScramClient({
        nonce: randomBytes(18).toString('base64'),
        offered: asked.mechanisms,
        endPoint,
        keys: keys.of(grant),
        password: grant.principalPassword,
      });
      server.write(postgres.saslInitialResponse(scram.mechanism, scram.first()));
    } else if (asked.kind === 'saslContinue' && scram !== null) {
      server.write(postgres.saslResponse(scram.final(asked.data)));
    } else if (asked.kind === 'saslFinal' && scram !== null) {
      scram.verify(asked.data);
      proved = true;
      if (scram.keys !== null) keys.keep(grant, scram.keys);
    } else if (asked.kind === 'ok' && proved) return;
    else throw unexpected(permit, `authentication "${asked.kind}" instead of SCRAM-SHA-256`);
  }
}

function unexpected(permit: Permit, what: string): LoginRefused {
  return new LoginRefused(
    'database_refused',
    `the database of ${permit.resource.name} does not take logins as it must (SCRAM-SHA-256)`,
    { next: 'Tell an administrator: pg_hba.conf must say scram-sha-256 for the gateway.', cause: new ServerLost(what) },
  );
}

/** The message as it came. */
function whole(type: number, body: Buffer): Buffer {
  const message = Buffer.allocUnsafe(5 + body.length);
  message[0] = type;
  message.writeInt32BE(4 + body.length, 1);
  body.copy(message, 5);
  return message;
}
