/** The link of a control plane, and a gateway at its other end that does no more than a test tells it to. */
import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { request } from 'node:https';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import {
  type DesiredGrant,
  type DesiredResource,
  type FromGateway,
  joined,
  LINK_PROTOCOL,
  LINK_SERVER_NAME,
  type LiveSession,
  parseJoinToken,
  type ToGateway,
  toGateway,
} from '@tidegate/contract';
import { append, type ChainHead, entryLine, type JsonObject, newChain, type StreamId } from '@tidegate/core';
import WebSocket from 'ws';
import type { Context } from '../../src/context.ts';
import { type Authority, openAuthority } from '../../src/keys/authority.ts';
import { openSigningKey, type SigningKey } from '../../src/keys/signing.ts';
import { issueLocalJoin } from '../../src/link/join-tokens.ts';
import { type Link, type LinkOptions, startLink } from '../../src/link/server.ts';
import { openStore } from '../../src/store/store.ts';
import type { Api } from './api.ts';

export interface TestLink extends Link {
  readonly context: Context;
  readonly authority: Authority;
  readonly signingKey: SigningKey;
  /** A join token whose address is this link's. */
  token(): Promise<string>;
}

/** A link on a free port. `context` is the API's, or that of another control plane on the same store. */
export async function startTestLink(
  context: Context,
  more: Pick<LinkOptions, 'freshMs' | 'entra'> = {},
): Promise<TestLink> {
  const authority = await openAuthority(context.store.db, context.sealer, context.now());
  const signingKey = await openSigningKey(context.store.db, context.sealer, context.now());
  const options = {
    authority,
    signingKey,
    bind: '127.0.0.1',
    port: 0,
    staleAfterMs: 30_000,
    cutAfterMs: 300_000,
    ...more,
  };
  const link = await startLink(context, options);
  const token = () => issueLocalJoin({ ...context, linkAddress: `127.0.0.1:${link.port}` });
  return { ...link, context, authority, signingKey, token };
}

/** Another control plane on the API's store, with connections of its own. */
export async function anotherControlPlane(api: Api): Promise<Context> {
  return { ...api.context, store: await openStore({ url: api.storeUrl, maxConnections: 4 }) };
}

export async function makeCsr(): Promise<{ key: string; csr: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['whatever'] }],
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, csr: csr.toString('pem') };
}

export interface Identity {
  readonly gateway: string;
  readonly key: string;
  readonly certificate: string;
  readonly listenerCertificate: string;
}
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}
export interface Sending {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly identity?: Pick<Identity, 'key' | 'certificate'>;
}

/** One HTTP request to the link, with the identity's certificate, or none. */
export function send(
  link: TestLink,
  path: string,
  { method = 'POST', body, headers, identity }: Sending,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = {
    host: '127.0.0.1',
    port: link.port,
    path,
    method,
    agent: false as const,
    ...tls(link, identity),
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
  };
  const sent = request(options, (response) => {
    response
      .setEncoding('utf8')
      .toArray()
      .then((parts: string[]) => {
        const text = parts.join('');
        resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) });
      }, reject);
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

const tls = (link: TestLink, identity?: Pick<Identity, 'key' | 'certificate'>) => ({
  ca: link.authority.certificate,
  servername: LINK_SERVER_NAME,
  ...(identity === undefined ? {} : { key: identity.key, cert: identity.certificate }),
});

/** Joins with a token of the link's own. */
export async function joinLink(link: TestLink, token?: string): Promise<Identity> {
  const { key, csr } = await makeCsr();
  const secret = parseJoinToken(token ?? (await link.token()))?.secret ?? '';
  const body = JSON.stringify({ token: secret, csr, listenerNames: ['127.0.0.1'] });
  const { status, body: answer } = await send(link, '/join', { body });
  if (status !== 200) throw new Error(`join: ${status} ${JSON.stringify(answer)}`);
  return { key, ...joined.parse(answer) };
}

/** A gateway that keeps what it is told and acknowledges it, unless `holdAcks`. */
export class TestGateway {
  readonly identity: Identity;
  readonly messages: ToGateway[] = [];
  readonly resources = new Map<string, DesiredResource>();
  readonly grants = new Map<string, DesiredGrant>();
  holdAcks = false;
  revision = 0;
  readonly #socket: WebSocket;
  readonly #heard = new EventEmitter();
  #code: number | null = null;

  private constructor(identity: Identity, socket: WebSocket) {
    this.identity = identity;
    this.#socket = socket;
    this.#heard.setMaxListeners(100);
    socket.on('message', (data: Buffer) => this.#take(toGateway.parse(JSON.parse(data.toString('utf8')))));
    socket.on('close', (code) => {
      this.#code = code;
      this.#heard.emit('closed');
    });
    socket.on('error', () => undefined);
  }

  static async connect(
    link: TestLink,
    identity: Identity,
    hello: Partial<Extract<FromGateway, { type: 'hello' }>> = {},
  ): Promise<TestGateway> {
    const socket = new WebSocket(`wss://127.0.0.1:${link.port}/link`, tls(link, identity));
    const gateway = new TestGateway(identity, socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('open', resolve);
    socket.once('error', reject);
    await promise;
    gateway.send({
      type: 'hello',
      protocol: LINK_PROTOCOL,
      version: '0.1.0',
      listeners: [{ engine: 'postgres', host: '127.0.0.1', port: 7432, tlsRequired: false }],
      listenerCa: null,
      sessions: [],
      ...hello,
    });
    return gateway;
  }

  send(message: FromGateway): void {
    this.#socket.send(JSON.stringify(message));
  }

  sendRaw(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /** Resolves when `holds` of what was told so far; looked at after every message. */
  async until(holds: (gateway: TestGateway) => boolean): Promise<void> {
    while (!holds(this)) await once(this.#heard, 'message');
  }

  /** The code with which the connection was closed, once it is. */
  async closed(): Promise<number> {
    if (this.#code === null) await once(this.#heard, 'closed');
    return this.#code ?? 0;
  }

  /** As if the process were killed: no goodbye. */
  drop(): void {
    this.#socket.terminate();
  }

  #take(message: ToGateway): void {
    this.messages.push(message);
    if (message.type === 'state') {
      this.resources.clear();
      this.grants.clear();
    }
    if (message.type === 'change') {
      if (message.from !== this.revision) throw new Error(`a change from ${message.from} at ${this.revision}`);
      for (const name of message.removedResources) this.resources.delete(name);
      for (const id of message.removedGrants) this.grants.delete(id);
    }
    if (message.type === 'state' || message.type === 'change') {
      for (const resource of message.resources) this.resources.set(resource.name, resource);
      for (const grant of message.grants) this.grants.set(grant.id, grant);
      this.revision = message.revision;
      if (!this.holdAcks) this.send({ type: 'ack', revision: message.revision });
    }
    this.#heard.emit('message');
  }
}

export const liveSession = (grant: string, id = `ses_${randomId(16)}`): LiveSession => ({
  id: id as LiveSession['id'],
  grant: grant as LiveSession['grant'],
  database: 'orders',
  clientAddress: '127.0.0.1:50000',
  application: 'psql',
  startedAt: new Date().toISOString(),
});

export function randomId(length: number): string {
  return Array.from(randomBytes(length), (byte) => '0123456789abcdefghjkmnpqrstvwxyz'[byte & 31]).join('');
}

/** A gateway's stream while it grows. */
export class TestStream {
  readonly id: StreamId;
  head: ChainHead;

  constructor(gateway: string, name = `b${randomId(8)}.1`) {
    this.id = `${gateway}.${name}` as StreamId;
    this.head = newChain(this.id);
  }

  /** The next entry's line. */
  add(kind: string, data: JsonObject, at = new Date().toISOString()): string {
    const entry = append(this.head, { at, kind, data });
    this.head = { stream: entry.stream, seq: entry.seq, hash: entry.hash };
    return entryLine(entry);
  }

  statement(op: number, text: string, who: JsonObject = WHO): string {
    return this.add('statement', { ...who, op, protocol: 'simple', text, bytes: Buffer.byteLength(text) });
  }
}

export const WHO = {
  session: 'ses_0123456789abcdef',
  grant: 'g0123456',
  person: 'alice',
  principal: 'alice.g0123456',
  resource: 'orders',
  role: 'reader',
  database: 'orders',
  clientAddress: '127.0.0.1:50000',
  application: 'psql',
};
