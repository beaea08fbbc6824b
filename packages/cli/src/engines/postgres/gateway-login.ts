/** Logs in at the gateway with a ticket, on behalf of a tool that was asked for no password. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Connection } from '@tidegate/contract';
import { postgres } from '@tidegate/wire';

/** A gateway that says nothing for so long is not there. */
const LOGIN_MS = 15_000;

export interface LoggedIn {
  readonly socket: Socket;
  /** What the gateway said from AuthenticationOk on: the tool gets it first. */
  readonly early: Buffer;
}

/** What the gateway answered instead of letting us in: its ErrorResponse, to be handed on as it is. */
export class GatewayRefusal extends Error {
  readonly response: Buffer;
  constructor(fields: postgres.ErrorFields) {
    super(fields.message);
    this.response = postgres.errorResponse(fields);
  }
}

/** Opens a connection to the gateway, inside verified TLS where the listener asks for it. */
export async function openGateway(connection: Connection): Promise<Socket> {
  const socket = connect({ host: connection.host, port: connection.port, noDelay: true });
  await once(socket, 'connect', { signal: AbortSignal.timeout(LOGIN_MS) });
  if (!connection.tlsRequired) return socket;
  socket.write(postgres.sslRequest());
  const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(LOGIN_MS) });
  // Exactly one byte: anything after it in the clear would have been put there by somebody else (CVE-2021-23222).
  if (!(Buffer.isBuffer(answer) && answer.length === 1 && answer[0] === 0x53)) {
    socket.destroy();
    throw new Error('the gateway does not offer TLS');
  }
  const secure = connectTls({ socket, ca: connection.ca, servername: connection.host, minVersion: 'TLSv1.2' });
  await once(secure, 'secureConnect', { signal: AbortSignal.timeout(LOGIN_MS) });
  return secure;
}

/** Sends the tool's parameters with the grant's user, proves the ticket, and stops at AuthenticationOk. */
export async function logIn(connection: Connection, parameters: ReadonlyMap<string, string>): Promise<LoggedIn> {
  const socket = await openGateway(connection);
  try {
    return await authenticate(socket, connection, parameters);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function authenticate(
  socket: Socket,
  connection: Connection,
  parameters: ReadonlyMap<string, string>,
): Promise<LoggedIn> {
  const reader = new postgres.HandshakeReader('server');
  const deadline = AbortSignal.timeout(LOGIN_MS);
  const next = async (): Promise<postgres.RawMessage> => {
    for (;;) {
      const message = reader.message();
      if (message !== null) return message;
      const [chunk] = await once(socket, 'data', { signal: deadline });
      if (Buffer.isBuffer(chunk)) reader.push(chunk);
    }
  };
  const expect = async (): Promise<postgres.Authentication> => {
    const { type, body } = await next();
    if (type === postgres.Backend.errorResponse) throw new GatewayRefusal(postgres.readErrorResponse(body));
    if (type !== postgres.Backend.authentication) throw new Error('the gateway said something unexpected');
    return postgres.readAuthentication(body);
  };

  socket.write(postgres.startupMessage(connection.user, connection.database, parameters));
  const offer = await expect();
  if (offer.kind !== 'sasl') throw new Error('the gateway offers no SCRAM');
  const scram = new postgres.ScramClient({
    nonce: randomBytes(18).toString('base64'),
    offered: offer.mechanisms,
    endPoint: endPoint(socket),
    password: connection.password,
  });
  socket.write(postgres.saslInitialResponse(scram.mechanism, scram.first()));
  const first = await expect();
  if (first.kind !== 'saslContinue') throw new Error('the gateway broke off the login');
  socket.write(postgres.saslResponse(scram.final(first.data)));
  const final = await expect();
  if (final.kind !== 'saslFinal') throw new Error('the gateway broke off the login');
  scram.verify(final.data);
  const ok = await expect();
  if (ok.kind !== 'ok') throw new Error('the gateway did not let us in');
  socket.pause();
  return { socket, early: Buffer.concat([postgres.authenticationOk(), reader.rest()]) };
}

/** tls-server-end-point (RFC 5929): the SHA-256 of the gateway's certificate, which is signed with SHA-256. */
function endPoint(socket: Socket): Buffer | null {
  if (!('getPeerCertificate' in socket)) return null;
  const { raw } = (socket as TLSSocket).getPeerCertificate();
  return createHash('sha256').update(raw).digest();
}
