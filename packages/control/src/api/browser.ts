/**
 * Browsers: the cookie that carries a login, and the proof that a call with it comes from a page of ours. A cookie goes
 * along with whatever any page makes the browser send, so it alone proves nothing (CSRF).
 */
import { BROWSER_HEADER } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { isLoopback, type SignIn } from '../identity/signing-in.ts';

/** What a browser is given and asked for, on behalf of one call. */
export interface Browser {
  /** Throws `forbidden` unless a page of ours asks, over a connection that a cookie may go over. */
  readonly assertOurs: () => void;
  /** The token of the cookie that came along, or null. */
  readonly token: string | null;
  /** Keeps a login's token in the browser, out of reach of scripts, until the login ends. */
  readonly keep: (token: string, expiresAt: Temporal.Instant) => void;
  /** Takes it from the browser again. */
  readonly forget: () => void;
  /** What `bind` left, if this is the browser. */
  readonly bound: string | null;
  /** Lets a sign-in that begins here be answered here alone, by whoever comes back from an identity provider in time. */
  readonly bind: (secret: string) => void;
}

/**
 * Over TLS the name's prefix makes browsers take it only from this very host, whole and `Secure`: a sibling host cannot
 * plant one. On this machine there is no TLS, and nobody in between.
 */
const NAME = { secure: '__Host-tidegate', plain: 'tidegate' } as const;
const BINDING = { secure: '__Host-tidegate-sign-in', plain: 'tidegate-sign-in' } as const;
/** As long as a provider's answer is waited for. */
const BOUND_S = 600;

export function browserOf({ signIn, now }: Context, request: FastifyRequest, reply: FastifyReply): Browser {
  const secure = isSecure(signIn, request);
  const name = secure ? NAME.secure : NAME.plain;
  const binding = secure ? BINDING.secure : BINDING.plain;
  const put = (cookie: string, sameSite: 'Strict' | 'Lax', maxAge: number): void => {
    const parts = [cookie, 'Path=/', 'HttpOnly', `SameSite=${sameSite}`, `Max-Age=${maxAge}`];
    void reply.header('set-cookie', [...parts, ...(secure ? ['Secure'] : [])].join('; '));
  };
  // Strict, also for who comes back from an identity provider: the page they land on needs no cookie, and what that page
  // then asks for is same-site again.
  const set = (value: string, maxAge: number): void => put(`${name}=${value}`, 'Strict', maxAge);
  return {
    token: cookieOf(request, name),
    assertOurs() {
      assertFromOurPage(signIn, request);
      if (secure || isLoopback(request.hostname)) return;
      throw new TidegateError(
        'forbidden',
        'A browser signs in over https only, or on the machine itself.',
        'Set TIDEGATE_PUBLIC_URL to the https address of the proxy in front.',
      );
    },
    keep: (token, expiresAt) => set(token, Math.max(0, Math.floor(now().until(expiresAt).total('seconds')))),
    forget: () => set('', 0),
    bound: cookieOf(request, binding),
    // Lax: it is the provider's page that sends the browser back here with it.
    bind: (secret) => put(`${binding}=${secret}`, 'Lax', BOUND_S),
  };
}

/** What the client's own end of the connection is: `X-Forwarded-Proto` counts from proxies that are believed. */
const isSecure = (signIn: SignIn, request: FastifyRequest): boolean =>
  request.protocol === 'https' || signIn.publicUrl().startsWith('https:');

/** The cookie of that name; null when there is none, or several: one of them is then somebody else's. */
function cookieOf({ headers }: FastifyRequest, name: string): string | null {
  const found = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  const [only] = found;
  return only === undefined || found.length > 1 ? null : only.slice(name.length + 1);
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Throws `forbidden` for a call that a page of another origin made the browser send. Every browser of today says where a
 * call comes from (`Sec-Fetch-Site`, `Origin`); what changes something must say so, and carry a header that no form and
 * no other page can add without being asked first (CORS, which is never granted).
 */
export function assertFromOurPage(signIn: SignIn, request: FastifyRequest): void {
  const { method, headers } = request;
  const reads = READS.has(method);
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  const ours = [signIn.publicUrl(), `${request.protocol}://${request.host}`];
  const siteIsOurs = site === 'same-origin' || (reads && site === 'none');
  if (site !== undefined && !siteIsOurs) throw notOurs();
  if (origin !== undefined && !ours.includes(origin)) throw notOurs();
  if (reads) return;
  if ((site === undefined && origin === undefined) || headers[BROWSER_HEADER] === undefined) throw notOurs();
}

const notOurs = (): TidegateError =>
  new TidegateError(
    'forbidden',
    'This call does not come from a page of Tidegate.',
    'Use Tidegate’s own pages; behind a proxy, set TIDEGATE_PUBLIC_URL.',
  );
