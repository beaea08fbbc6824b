/**
 * Every call to a provider, and to Graph: within a deadline, an answer of bounded size, no redirect followed, and only
 * where TLS says who answers. What a provider publishes about itself is not where we would let ourselves be sent.
 */
import type { CustomFetch } from 'openid-client';
import { isLoopback } from '../signing-in.ts';

export const TIMEOUT_MS = 10_000;
/** Key sets and token answers take some kilobytes; the groups of one person in Graph at most half of this. */
const ANSWER_MAX = 1024 * 1024;

/** A provider, or Graph, that did not answer as it must: says nothing about the person. */
export class ProviderUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ProviderUnavailable';
  }
}

/** It no longer takes our own name or secret: an operator’s matter, and nobody’s fault who signs in. */
export class ClientRefused extends ProviderUnavailable {}

/**
 * For a provider at `issuer`. One with TLS never sends us to an address without; one on this machine (for trying it
 * out) may go without, to this machine.
 */
export function fetchFor(issuer: string): CustomFetch {
  const local = isLoopback(new URL(issuer).hostname);
  return (url, { method, headers, body, signal }) =>
    bounded(url, { method, headers, ...(body === undefined ? {} : { body: bodyOf(body) }) }, { local, signal });
}

interface Bounds {
  /** This machine may be called, and without TLS. */
  readonly local: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Throws `ProviderUnavailable`, also for a redirect: nobody sends us on. Other statuses are the caller's matter. */
export async function bounded(url: string, init: RequestInit, { local, signal }: Bounds): Promise<Response> {
  assertAllowed(new URL(url), local);
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new ProviderUnavailable(`${new URL(url).host} wanted to send us elsewhere`);
    }
    const { status, headers } = response;
    const bytes = await readAll(response, url);
    // These two must have none, an empty one neither (the Fetch standard's null body statuses).
    return new Response(status === 204 || status === 205 ? null : bytes, { status, headers });
  } catch (error) {
    if (error instanceof ProviderUnavailable) throw error;
    throw new ProviderUnavailable(`${new URL(url).host} did not answer`, error);
  }
}

function assertAllowed({ protocol, hostname, host }: URL, local: boolean): void {
  const here = isLoopback(hostname);
  if (local && here && (protocol === 'http:' || protocol === 'https:')) return;
  if (!here && protocol === 'https:') return;
  throw new ProviderUnavailable(`${host} is no address that a provider may be at`);
}

async function readAll(response: Response, url: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > ANSWER_MAX) throw new ProviderUnavailable(`${new URL(url).host} answered with too much`);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** openid-client sends forms; whatever else its type allows, it does not send. */
function bodyOf(body: unknown): string | URLSearchParams | null {
  if (body === null || typeof body === 'string' || body instanceof URLSearchParams) return body;
  throw new TypeError('openid-client sent a body that is no form');
}
