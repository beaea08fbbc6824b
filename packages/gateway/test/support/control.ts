/**
 * Stands in for a control plane's link listener: real TLS with an authority of its own, the real paths and messages, and
 * streams kept in memory and checked as strictly as the real one checks them.
 */
import 'reflect-metadata';
import { createHash, KeyObject, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { zstdDecompressSync } from 'node:zlib';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import {
  auditEntry,
  type FromGateway,
  formatJoinToken,
  fromGateway,
  join,
  LINK_PATHS,
  LINK_SERVER_NAME,
  recordData,
  renew,
  type ToGateway,
} from '@tidegate/contract';
import { type AuditEntry, brokenLink, type ChainHead, newChain, type StreamId } from '@tidegate/core';
import { type WebSocket, WebSocketServer } from 'ws';
import type { z } from 'zod';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
export const GATEWAY = 'gw_0123456789abcdef';
export const SECRET = '0123456789abcdefghjkmnpq';
const pem = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

interface Authority {
  readonly certificate: string;
  readonly subject: string;
  readonly key: webcrypto.CryptoKey;
}

async function makeAuthority(): Promise<Authority> {
  const keys = await makeKeys();
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test authority',
    keys,
    signingAlgorithm: SIGNING,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return { certificate: made.toString('pem'), subject: made.subject, key: keys.privateKey };
}

async function issue(
  authority: Authority,
  publicKey: PublicKey | webcrypto.CryptoKey,
  name: string,
  names: readonly string[],
  lifeMs = 3_600_000,
): Promise<string> {
  const use = names.length > 0 ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const alternative = names.map((value) => ({ type: /^[\d.:]+$/.test(value) ? 'ip' : 'dns', value }) as const);
  const made = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: authority.subject,
    publicKey,
    signingKey: authority.key,
    signingAlgorithm: SIGNING,
    notBefore: new Date(Date.now() - 1_000),
    notAfter: new Date(Date.now() + lifeMs),
    extensions: [
      new ExtendedKeyUsageExtension([use]),
      ...(alternative.length > 0 ? [new SubjectAlternativeNameExtension([...alternative])] : []),
    ],
  });
  return made.toString('pem');
}

export class TestControl {
  readonly streams = new Map<string, AuditEntry[]>();
  readonly closed = new Set<string>();
  readonly received: FromGateway[] = [];
  readonly authority: Authority;
  /** Requests answered with this status instead, by path prefix. */
  readonly refuse = new Map<string, number>();
  uploads = 0;
  certificateLifeMs = 3_600_000;
  gateway = GATEWAY;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #port = 0;
  #connections = new Set<WebSocket>();
  #waiters: { match: (message: FromGateway) => boolean; resolve: (message: FromGateway) => void }[] = [];
  onConnect: (send: (message: ToGateway) => void) => void = () => undefined;
  answerPings = true;

  private constructor(authority: Authority, server: Server) {
    this.authority = authority;
    this.#server = server;
  }

  static async start(): Promise<TestControl> {
    const authority = await makeAuthority();
    const keys = await makeKeys();
    const leaf = await issue(authority, keys.publicKey, LINK_SERVER_NAME, [LINK_SERVER_NAME]);
    const server = createServer({
      key: pem(keys.privateKey),
      cert: `${leaf}\n${authority.certificate}`,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const control = new TestControl(authority, server);
    server.on('request', (request, response) => void control.#answer(request, response));
    server.on('upgrade', (request, socket, head) => {
      const status = control.refuse.get(LINK_PATHS.link);
      if (status !== undefined || !(request.socket as TLSSocket).authorized) {
        socket.end(`HTTP/1.1 ${status ?? 401} Refused\r\nconnection: close\r\n\r\n`);
        return;
      }
      control.#sockets.handleUpgrade(request, socket, head, (client) => control.#connected(client));
    });
    await control.up();
    return control;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get token(): string {
    const der = new NodeCertificate(this.authority.certificate).raw;
    const fingerprint = createHash('sha256').update(der).digest('hex');
    return formatJoinToken({ address: this.address, fingerprint, secret: SECRET });
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(this.#port, '127.0.0.1', resolve);
    await promise;
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Gone, with all its connections; what it took in stays. */
  async down(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const connection of this.#connections) connection.terminate();
    this.#server.closeAllConnections();
    await promise;
  }

  get connections(): number {
    return this.#connections.size;
  }

  send(message: ToGateway): void {
    for (const connection of this.#connections) connection.send(JSON.stringify(message));
  }

  /** Raw text, to say what is not in the contract. */
  sendText(text: string): void {
    for (const connection of this.#connections) connection.send(text);
  }

  drop(): void {
    for (const connection of this.#connections) connection.terminate();
  }

  /** The next message of this kind (and shape), from now on. */
  next<T extends FromGateway['type']>(
    type: T,
    match: (message: Extract<FromGateway, { type: T }>) => boolean = () => true,
  ): Promise<Extract<FromGateway, { type: T }>> {
    const { promise, resolve } = Promise.withResolvers<Extract<FromGateway, { type: T }>>();
    const is = (message: FromGateway): message is Extract<FromGateway, { type: T }> => message.type === type;
    this.#waiters.push({
      match: (message) => is(message) && match(message),
      resolve: (message) => is(message) && resolve(message),
    });
    return promise;
  }

  entries(stream: string): readonly AuditEntry[] {
    return this.streams.get(stream) ?? [];
  }

  head(stream: string): ChainHead {
    const last = this.entries(stream).at(-1);
    return last === undefined ? newChain(stream as StreamId) : { stream: last.stream, seq: last.seq, hash: last.hash };
  }

  #connected(client: WebSocket): void {
    this.#connections.add(client);
    client.on('close', () => this.#connections.delete(client));
    client.on('message', (data: Buffer) => {
      const message = fromGateway.parse(JSON.parse(data.toString('utf8')));
      if (message.type === 'ping') {
        const pong = { type: 'pong', echo: message.at, now: Date.now() } as const;
        if (this.answerPings) client.send(JSON.stringify(pong));
        return;
      }
      this.received.push(message);
      const waiting = this.#waiters.filter((waiter) => waiter.match(message));
      this.#waiters = this.#waiters.filter((waiter) => !waiting.includes(waiter));
      for (const { resolve } of waiting) resolve(message);
    });
    this.onConnect((message) => client.send(JSON.stringify(message)));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    let body: Buffer = Buffer.concat(chunks);
    if (request.headers['content-encoding'] === 'zstd') body = zstdDecompressSync(body);
    const path = request.url ?? '';
    for (const [prefix, status] of this.refuse) {
      if (path.startsWith(prefix)) return this.#say(response, status, {});
    }
    if (path === LINK_PATHS.join) {
      const asked = join.parse(JSON.parse(body.toString('utf8')));
      if (asked.token !== SECRET) return this.#say(response, 403, {});
      return this.#say(response, 200, await this.#issue(asked));
    }
    if (!(request.socket as TLSSocket).authorized) return this.#say(response, 401, {});
    if (path === LINK_PATHS.renew) {
      return this.#say(response, 200, await this.#issue(renew.parse(JSON.parse(body.toString('utf8')))));
    }
    const [, , stream = '', what = ''] = path.split('/');
    if (request.method === 'GET') return this.#say(response, 200, this.head(stream));
    if (what === 'records') {
      const { status, body: answer } = this.#take(stream, body.toString('utf8'));
      return this.#say(response, status, answer);
    }
    const said = JSON.parse(body.toString('utf8'));
    const same = said.seq === this.head(stream).seq && said.hash === this.head(stream).hash;
    if (same) this.closed.add(stream);
    return this.#say(response, same ? 200 : 409, this.head(stream));
  }

  async #issue({ csr, listenerNames }: z.infer<typeof renew>) {
    const request = new Pkcs10CertificateRequest(csr);
    if (!(await request.verify())) throw new Error('the request is not signed by its key');
    const { authority, gateway } = this;
    return {
      gateway,
      name: 'test',
      certificate: await issue(authority, request.publicKey, gateway, [], this.certificateLifeMs),
      listenerCertificate: await issue(authority, request.publicKey, gateway, listenerNames, this.certificateLifeMs),
      ca: authority.certificate,
    };
  }

  /** As the real ingest: known entries must be the same, new ones must continue the chain and have their kind's shape. */
  #take(stream: string, text: string): { status: number; body: object } {
    this.uploads += 1;
    const known = this.entries(stream);
    const taken = [...known];
    let head = this.head(stream);
    for (const line of text.split('\n').filter((part) => part !== '')) {
      const entry = auditEntry.parse(JSON.parse(line)) as AuditEntry;
      const shape = recordData[entry.kind as keyof typeof recordData]?.safeParse(entry.data);
      if (shape?.success !== true) return { status: 400, body: {} };
      const there = known[entry.seq - 1];
      if (there !== undefined && there.hash === entry.hash) continue;
      if (brokenLink(head, entry) !== null) return { status: 409, body: this.head(stream) };
      taken.push(entry);
      head = { stream: entry.stream, seq: entry.seq, hash: entry.hash };
    }
    this.streams.set(stream, taken);
    return { status: 200, body: head };
  }

  #say(response: ServerResponse, status: number, body: object): void {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }
}
