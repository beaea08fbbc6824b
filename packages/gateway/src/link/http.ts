/** Requests to the link's listener over TLS: the control plane is known by the pinned authority and its one name. */
import { Agent, request } from 'node:https';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { LINK_SERVER_NAME, problem } from '@tidegate/contract';

export interface LinkAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[v6]:port`. */
export function parseAddress(text: string): LinkAddress {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** TLS towards the control plane; the same for requests and for the WebSocket. */
export interface LinkTls {
  readonly ca: string;
  /** The gateway's own; left out before it has joined. */
  readonly key?: string;
  readonly cert?: string;
}

/** What both kinds of connection give to `tls.connect`. */
export function tlsOptions(address: LinkAddress, tls: LinkTls) {
  return {
    host: address.host,
    port: address.port,
    ...tls,
    servername: LINK_SERVER_NAME,
    minVersion: 'TLSv1.3',
    // Whatever address was dialled: the name is what the authority vouches for.
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      checkServerIdentity(LINK_SERVER_NAME, certificate),
  } as const;
}

export interface LinkResponse {
  readonly status: number;
  readonly body: string;
}

/** No answer: the control plane could not be reached, or did not answer in time. */
export class UnreachableError extends Error {
  constructor(what: string, cause: unknown) {
    super(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'UnreachableError';
  }
}

const TIMEOUT_MS = 30_000;
const ANSWER_MAX = 1024 * 1024;

/** Keeps connections open between requests; `close` when the identity changes or at the end. */
export class LinkHttp {
  readonly #agent: Agent;
  readonly #address: LinkAddress;

  constructor(address: LinkAddress, tls: LinkTls) {
    this.#address = address;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, ...tlsOptions(address, tls) });
  }

  /** Any answer, whatever its status. Rejects with `UnreachableError`. */
  send(
    method: 'GET' | 'POST',
    path: string,
    body?: { readonly type: string; readonly encoding?: string; readonly bytes: Buffer | string },
  ): Promise<LinkResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<LinkResponse>();
    const fail = (error: unknown) => reject(new UnreachableError(`${method} ${path}`, error));
    const { host, port } = this.#address;
    const headers: Record<string, string | number> = { accept: 'application/json' };
    if (body !== undefined) {
      headers['content-type'] = body.type;
      headers['content-length'] = Buffer.byteLength(body.bytes);
      if (body.encoding !== undefined) headers['content-encoding'] = body.encoding;
    }
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const sent = request({ host, port, method, path, headers, agent: this.#agent, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_MAX) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
      response.on('error', fail);
    });
    sent.on('error', fail);
    sent.end(body?.bytes);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** What an answer other than success says, for a log or a person. */
export function refusalOf(response: LinkResponse): string {
  try {
    const said = problem.safeParse(JSON.parse(response.body));
    if (said.success) return `${said.data.detail} ${said.data.next}`.trim();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return `HTTP ${response.status}`;
}
