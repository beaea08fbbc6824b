/**
 * A typed client over `fetch`: one method for each line of `endpoints`, taking path, query and body members together,
 * answering what the schema parsed. Every refusal is thrown as a `Refusal` with the server's code, sentence and next step.
 */
import { ERROR_CODES, type ErrorCode, TidegateError } from '@tidegate/core';
import type { z } from 'zod';
import { auditExport, type Endpoint, type EndpointName, endpoints, runQuery } from './api/endpoints/index.ts';
import { BROWSER_HEADER } from './api/identity.ts';
import { type Problem, problem } from './shapes.ts';

type Table = typeof endpoints;
type Part<E, K extends string> = E extends Readonly<Record<K, infer S extends z.ZodType>> ? z.input<S> : unknown;
type All<E> = Part<E, 'params'> & Part<E, 'query'> & Part<E, 'body'>;

/** What a method takes: the members of path, query and body in one object. */
export type Input<K extends EndpointName> = All<Table[K]>;
/** What it answers; nothing for 204. */
export type Answer<K extends EndpointName> = Table[K] extends { readonly answer: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** The input may be left out where every member of it may. */
type Method<K extends EndpointName> =
  Record<never, never> extends Input<K>
    ? (input?: Input<K>, options?: CallOptions) => Promise<Answer<K>>
    : (input: Input<K>, options?: CallOptions) => Promise<Answer<K>>;

export type Client = { readonly [K in EndpointName]: Method<K> } & {
  /** The record as NDJSON bytes, oldest first; read it as it comes. */
  exportAudit(query?: z.input<typeof auditExport.query>, options?: CallOptions): Promise<ReadableStream<Uint8Array>>;
  /** The answer of SQL as NDJSON bytes, each line a `queryLine`; it ends when the statement does. */
  runQuery(
    input: z.input<typeof runQuery.params> & z.input<typeof runQuery.body>,
    options?: CallOptions,
  ): Promise<ReadableStream<Uint8Array>>;
  /** The same client as somebody else, or as nobody. */
  withToken(token: string | null): Client;
};

export interface ClientOptions {
  /** `http://127.0.0.1:7300`. */
  readonly url: string;
  /** The bearer token that `login` answered. */
  readonly token?: string | null;
  /** How long a call may take beyond the `wait` it asks for. Default 30 s. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/** The server said no, or could not be reached (`unavailable`). */
export class Refusal extends TidegateError {
  /** The whole answer: with every error at once for invalid input and configuration. null: there was none. */
  readonly problem: Problem | null;
  /** Seconds after which another try may succeed, where the server said so. */
  readonly retryAfter: number | null;

  constructor(
    code: ErrorCode,
    message: string,
    next: string,
    answer: Problem | null,
    retryAfter: number | null = null,
  ) {
    super(code, message, next);
    this.name = 'Refusal';
    this.problem = answer;
    this.retryAfter = retryAfter;
  }
}

/** Their answers take as long as they take. */
const STREAMS: ReadonlySet<Endpoint> = new Set<Endpoint>([auditExport, runQuery]);

export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? fetch;

  const call = async (endpoint: Endpoint, input: Readonly<Record<string, unknown>>, signal?: AbortSignal) => {
    const { path, query, body } = split(endpoint, input);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (options.token) headers.authorization = `Bearer ${options.token}`;
    // A page of ours has no token to give: its cookie goes along, and this shows that it is ours.
    else headers[BROWSER_HEADER] = '1';
    if (body !== undefined) headers['content-type'] = 'application/json';
    const waitMs = typeof input.wait === 'number' ? input.wait * 1000 : 0;
    const signals = [
      signal,
      STREAMS.has(endpoint) ? undefined : AbortSignal.timeout((options.timeoutMs ?? 30_000) + waitMs),
    ];
    let response: Response;
    try {
      response = await send(new URL(path + query, options.url), {
        method: endpoint.method,
        headers,
        signal: AbortSignal.any(signals.filter((one) => one !== undefined)),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (response.ok) return response;
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(options.url, error);
    }
    throw await refusal(response);
  };

  const method =
    (endpoint: Endpoint) =>
    async (input: Readonly<Record<string, unknown>> = {}, more: CallOptions = {}) => {
      const response = await call(endpoint, input, more.signal);
      if (endpoint.answer === undefined) return undefined;
      try {
        return endpoint.answer.parse(await response.json());
      } catch (error) {
        throw notUnderstood(options.url, error);
      }
    };

  const methods = Object.fromEntries(Object.entries(endpoints).map(([name, endpoint]) => [name, method(endpoint)]));
  return {
    ...typed(methods),
    async exportAudit(query = {}, more = {}) {
      const { body } = await call(auditExport, query, more.signal);
      if (body === null) throw notUnderstood(options.url, 'no body');
      return body;
    },
    async runQuery(input, more = {}) {
      const { body } = await call(runQuery, input, more.signal);
      if (body === null) throw notUnderstood(options.url, 'no body');
      return body;
    },
    withToken: (token) => createClient({ ...options, token }),
  };
}

/** The table gives each name its types, and `method` its behaviour: that the two agree is said here, once. */
const typed = (methods: Record<string, unknown>) => methods as { readonly [K in EndpointName]: Method<K> };

/** Members named in the path go there, those of the query schema behind the `?`, the rest is the body. */
function split(endpoint: Endpoint, input: Readonly<Record<string, unknown>>) {
  const inPath = new Set(Object.keys(endpoint.params?.shape ?? {}));
  const inQuery = new Set(Object.keys(endpoint.query?.shape ?? {}));
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(asText(input[name])));
  const search = new URLSearchParams();
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || inPath.has(name)) continue;
    if (inQuery.has(name)) search.set(name, asText(value));
    else body[name] = value;
  }
  const query = search.size === 0 ? '' : `?${search.toString()}`;
  return { path, query, body: endpoint.body === undefined ? undefined : body };
}

/** Members of paths and queries are names and numbers. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

async function refusal(response: Response): Promise<Refusal> {
  const text = await response.text();
  const parsed = problem.safeParse(parseJson(text));
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const seconds = Number.isFinite(retryAfter) ? retryAfter : null;
  if (!parsed.success) {
    const code = response.status >= 500 ? 'unavailable' : 'internal';
    return new Refusal(
      code,
      `The server answered ${response.status} without saying why.`,
      'Is this Tidegate’s address?',
      null,
      seconds,
    );
  }
  const { code, detail, next } = parsed.data;
  return new Refusal(ERROR_CODES.find((known) => known === code) ?? 'internal', detail, next, parsed.data, seconds);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not JSON, hence not a problem of ours; the schema says so to whoever reads this.
    return error;
  }
}

function unreachable(url: string, error: unknown): Refusal {
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  const what = timedOut ? `Tidegate at ${url} did not answer in time.` : `Tidegate at ${url} cannot be reached.`;
  const refusal = new Refusal('unavailable', what, 'Is it running, and is the address right? Then try again.', null);
  refusal.cause = error;
  return refusal;
}

function notUnderstood(url: string, error: unknown): Refusal {
  const refusal = new Refusal(
    'internal',
    `What Tidegate at ${url} answered was not understood.`,
    'Are this client and the server of the same version?',
    null,
  );
  refusal.cause = error;
  return refusal;
}
