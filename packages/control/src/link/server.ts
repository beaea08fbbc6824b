/**
 * The link's listener: gateways dial it over mutual TLS. `/join` is for those who have only a token; everything else
 * takes a certificate that this installation issued and has not taken back.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { gatewayStream, join, LINK_MAX_MESSAGE_BYTES, LINK_PATHS, renew, streamHead } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { WebSocketServer } from 'ws';
import { problemOf } from '../api/problems.ts';
import type { Context } from '../context.ts';
import { type EntraOptions, startEntra } from '../identity/entra.ts';
import type { Authority } from '../keys/authority.ts';
import type { SigningKey } from '../keys/signing.ts';
import { signHeads } from '../record/checkpoints.ts';
import { closeStream, type Ingested, ingest, readHead } from '../record/ingest.ts';
import { readJson, readLines } from './bodies.ts';
import { callerOf } from './callers.ts';
import { GatewayConnection } from './connection.ts';
import { Hub } from './hub.ts';
import { joinGateway, renewGateway } from './join.ts';
import type { Look } from './looks.ts';
import { startTicketWait, type WaitForTicket } from './tickets.ts';

export interface LinkOptions {
  readonly authority: Authority;
  readonly signingKey: SigningKey;
  /** Where to listen; port 0 takes a free one. */
  readonly bind: string;
  readonly port: number;
  /** Without contact for this long a gateway refuses new sessions … */
  readonly staleAfterMs: number;
  /** … and for this long, it ends open ones. */
  readonly cutAfterMs: number;
  /** Without a look at the store for this long, gateways are not told that there is contact. Default 10 s. */
  readonly freshMs?: number;
  /** Tenants of Entra ID whose tokens let people in where an engine takes them. Default: none. */
  readonly entra?: EntraOptions;
}

export interface Link {
  readonly port: number;
  readonly waitForTicket: WaitForTicket;
  /** Looks at a database through a gateway that is linked here. */
  readonly look: Look;
  /** Ends every connection; gateways dial another control plane, or this one when it is back. */
  stop(): Promise<void>;
}

const NO_TENANTS: EntraOptions = { tenants: [], authority: '' };
const FRESH_MS = 10_000;
/** Sockets at once: every gateway has one for the link and a few for uploads. */
const CONNECTIONS_MAX = 4_000;
const HANDSHAKE_MS = 10_000;
const HEADERS_MS = 10_000;
/** A whole request, its body included. */
const REQUEST_MS = 60_000;

/** Listens. Rejects when the address is taken. */
export async function startLink(context: Context, options: LinkOptions): Promise<Link> {
  const { authority, staleAfterMs, cutAfterMs, freshMs = FRESH_MS, entra = NO_TENANTS } = options;
  const hub = new Hub(context, { cutAfterMs, freshMs, trusts: () => tenants.trusts() });
  const tenants = startEntra(entra, context.log, () => hub.wake());
  const connections = new Set<GatewayConnection>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LINK_MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const server = createServer(
    {
      key: authority.link.key,
      // With the authority's own: a gateway that joins knows it by its fingerprint only.
      cert: `${authority.link.certificate}\n${authority.certificate}`,
      ca: authority.certificate,
      requestCert: true,
      // Not refused by TLS, because `/join` comes without: `callerOf` refuses.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
    },
    (request, response) => {
      answer(context, options, request).then(
        ({ status, body }) => reply(request, response, status, body),
        (error: unknown) => refuse(context, request, response, error),
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on('tlsClientError', (error) => context.log.debug({ err: error }, 'a TLS handshake on the link failed'));

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', (error) => context.log.debug({ err: error }, 'a socket on the link broke'));
    admit(context, request, socket).then(
      (caller) =>
        sockets.handleUpgrade(request, socket, head, (opened) => {
          const connection = new GatewayConnection(context, caller, opened, {
            staleAfterMs,
            cutAfterMs,
            isFresh: () => hub.isFresh(),
            onReady: (ready) => hub.add(ready),
            onClosed: (closed) => {
              hub.remove(closed);
              void closed.settled().then(() => connections.delete(closed));
            },
          });
          connections.add(connection);
        }),
      (error: unknown) => {
        const { status, title } = logged(context, request, error);
        socket.end(`HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      },
    );
  });

  const tickets = startTicketWait(context.store, authority);
  const stop = async (): Promise<void> => {
    tickets.stop();
    await tenants.stop();
    await hub.stop();
    for (const connection of connections) connection.close('stopping');
    await Promise.all([...connections].map((connection) => connection.settled()));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  };
  try {
    const port = await listen(server, options);
    return { port, waitForTicket: tickets.wait, look: hub.look, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One request that is not the link itself. */
async function answer(context: Context, options: LinkOptions, request: IncomingMessage): Promise<Answer> {
  const { authority } = options;
  const { pathname } = new URL(request.url ?? '/', 'https://link');
  const isPost = request.method === 'POST';
  if (isPost && pathname === LINK_PATHS.join) {
    return { status: 200, body: await joinGateway(context, authority, await readJson(request, join)) };
  }
  const caller = await callerOf(context.store.db, tlsOf(request.socket), context.now());
  if (isPost && pathname === LINK_PATHS.renew) {
    return { status: 200, body: await renewGateway(context, authority, caller, await readJson(request, renew)) };
  }
  const [, name = '', action = ''] = pathname.startsWith(`${LINK_PATHS.streams}/`) ? pathname.slice(1).split('/') : [];
  const stream = gatewayStream.safeParse(name);
  if (!stream.success) throw notHere();
  const { store, now } = context;
  if (request.method === 'GET' && action === '') {
    return { status: 200, body: await readHead(store.db, stream.data, caller.gateway) };
  }
  if (isPost && action === 'records') {
    return answerOf(await ingest(store, stream.data, caller.gateway, readLines(request), now));
  }
  if (isPost && action === 'close') {
    const said = await readJson(request, streamHead);
    const closed = await store.transaction((tx) => closeStream(tx, stream.data, caller.gateway, said, now()));
    if (closed.outcome === 'taken') await signHeads(store.db, options.signingKey, now(), [stream.data]);
    return answerOf(closed);
  }
  throw notHere();
}

/** 409 with the head as it is: the gateway goes on from there. */
const answerOf = ({ outcome, head }: Ingested): Answer => ({
  status: outcome === 'taken' ? 200 : 409,
  body: { stream: head.stream, seq: head.seq, hash: head.hash },
});

const notHere = (): TidegateError => new TidegateError('not_found', 'There is nothing here.');

function admit(context: Context, request: IncomingMessage, socket: Duplex) {
  if (request.url !== LINK_PATHS.link) return Promise.reject(notHere());
  return callerOf(context.store.db, tlsOf(socket), context.now());
}

function tlsOf(socket: Duplex): TLSSocket {
  if (socket instanceof TLSSocket) return socket;
  throw new TidegateError('internal', 'The link takes TLS only.');
}

function reply(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
  // What is left of a body that was refused is read and dropped: the sender hears the answer only when it has sent all.
  request.resume();
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(context: Context, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // Its sender is gone: there is nobody to tell.
  if (response.destroyed) return;
  const problem = logged(context, request, error);
  reply(request, response, problem.status, problem);
}

function logged(context: Context, request: IncomingMessage, error: unknown) {
  const problem = problemOf(error, randomUUID());
  const level = problem.status === 500 ? 'error' : problem.status === 503 ? 'warn' : 'info';
  const detail = error instanceof TidegateError ? error.detail : undefined;
  const said = { err: error, detail, traceId: problem.traceId, path: request.url, from: request.socket.remoteAddress };
  context.log[level](said, 'a request on the link was refused');
  return problem;
}

/** The port that was taken. */
async function listen(server: ReturnType<typeof createServer>, { bind, port }: LinkOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: bind, port }, () => resolve());
  await promise;
  server.off('error', reject);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
