/** What a control plane is started with, and how the environment says it. */
import { namedSentence, shapeProblems } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { z } from 'zod';
import type { TlsFiles } from './api/tls.ts';
import type { MailOptions } from './notify/mail.ts';

export interface ControlOptions {
  /** `postgresql://…` of the store. */
  readonly storeUrl: string;
  /** Where the key file is, when `key` is not given. */
  readonly home: string;
  /** `TIDEGATE_KEY`: base64 of 32 bytes. */
  readonly key: string | undefined;
  readonly bind: string;
  /** Web and API; 0 takes a free one. */
  readonly port: number;
  /** Gateways, mutual TLS; 0 takes a free one. */
  readonly linkPort: number;
  /** `host:port` at which gateways reach the link, where that is not `bind` and `linkPort`. */
  readonly linkAddress: string | undefined;
  /** Without contact this long, gateways let no new session in; then they end open ones. Milliseconds. */
  readonly staleAfterMs: number;
  readonly cutAfterMs: number;
  /** Proxies in front of the API whose `X-Forwarded-For` is believed. */
  readonly trustProxy: readonly string[];
  /** Where people's browsers find us, without a slash at the end; null: at `bind` and `port`. */
  readonly publicUrl: string | null;
  /** Web and API do TLS themselves; null: a proxy does, or nobody. */
  readonly tls: TlsFiles | null;
  /** A login that nobody used this long is over; and one this old, used or not. */
  readonly logins: { readonly idle: Temporal.Duration; readonly longest: Temporal.Duration };
  /** Tenants of Entra ID whose tokens let people in at SQL Server. */
  readonly entra: { readonly tenants: readonly string[]; readonly authority: string };
  /** How mails are sent; null: none are. */
  readonly mail: MailOptions | null;
  readonly logLevel: string;
}

const port = (normally: number) => z.coerce.number().int().min(0).max(65_535).default(normally);
const seconds = z
  .string()
  .regex(/^\d{1,6}(s|m|h)?$/, 'must be a number of seconds, or such as 30s, 5m, 1h')
  .transform((text) => Number.parseInt(text, 10) * { s: 1, m: 60, h: 3600 }[unitOf(text)] * 1000);
const unitOf = (text: string): 's' | 'm' | 'h' => (text.endsWith('m') ? 'm' : text.endsWith('h') ? 'h' : 's');

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
/** Keys that come in the clear could be anybody's; on this machine nobody is in between. */
const isSafe = (text: string): boolean => {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
};

/** Passkeys and cookies want a secure origin: TLS, or this very machine. */
const isOurs = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { pathname, search, hash, username, password } = new URL(text);
  return isSafe(text) && pathname === '/' && `${search}${hash}${username}${password}` === '';
};
const lasts = (ms: number): boolean => ms >= 60_000;

const environment = z.object({
  TIDEGATE_DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://'),
  TIDEGATE_HOME: z.string().min(1),
  TIDEGATE_KEY: z.string().optional(),
  TIDEGATE_BIND: z.string().min(1).default('127.0.0.1'),
  TIDEGATE_PORT: port(7300),
  TIDEGATE_LINK_PORT: port(7301),
  TIDEGATE_LINK_ADDRESS: z.string().optional(),
  TIDEGATE_STALE_AFTER: seconds.default(30_000),
  TIDEGATE_CUT_AFTER: seconds.default(300_000),
  TIDEGATE_TRUST_PROXY: z.string().default(''),
  TIDEGATE_PUBLIC_URL: z
    .url()
    .refine(isOurs, 'must be https://host or, on this machine, http://localhost:port: no path, no user')
    .optional(),
  TIDEGATE_TLS_CERT: z.string().min(1).optional(),
  TIDEGATE_TLS_KEY: z.string().min(1).optional(),
  TIDEGATE_TLS_CLIENT_CA: z.string().min(1).optional(),
  TIDEGATE_LOGIN_IDLE: seconds.default(8 * 3_600_000).refine(lasts, 'must be a minute at least'),
  TIDEGATE_LOGIN_LONGEST: seconds.default(24 * 3_600_000).refine(lasts, 'must be a minute at least'),
  TIDEGATE_ENTRA_TENANTS: z
    .string()
    .default('')
    .transform(listed)
    .pipe(z.array(z.guid('must be tenant ids, with commas').toLowerCase())),
  TIDEGATE_ENTRA_AUTHORITY: z
    .url()
    .refine(isSafe, 'must begin with https://')
    .default('https://login.microsoftonline.com'),
  TIDEGATE_SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must begin with smtps:// or smtp://')
    .optional(),
  TIDEGATE_MAIL_FROM: z.string().min(3).optional(),
  TIDEGATE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

type Environment = z.output<typeof environment>;

/** Reads the environment (docs/ARCHITECTURE.md). Throws `invalid_config`, naming every variable that is wrong. */
export function optionsFrom(env: NodeJS.ProcessEnv): ControlOptions {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    // Names and what was expected; never a value, which may be a secret.
    const problems = shapeProblems(parsed.error.issues, env).map(namedSentence).join(' ');
    throw new TidegateError('invalid_config', `The environment is not as it must be. ${problems}`, 'Correct it.');
  }
  const { data } = parsed;
  return {
    storeUrl: data.TIDEGATE_DATABASE_URL,
    home: data.TIDEGATE_HOME,
    key: data.TIDEGATE_KEY,
    bind: data.TIDEGATE_BIND,
    port: data.TIDEGATE_PORT,
    linkPort: data.TIDEGATE_LINK_PORT,
    linkAddress: data.TIDEGATE_LINK_ADDRESS,
    staleAfterMs: data.TIDEGATE_STALE_AFTER,
    cutAfterMs: data.TIDEGATE_CUT_AFTER,
    trustProxy: listed(data.TIDEGATE_TRUST_PROXY),
    publicUrl: data.TIDEGATE_PUBLIC_URL === undefined ? null : new URL(data.TIDEGATE_PUBLIC_URL).origin,
    tls: tlsFrom(data),
    logins: {
      idle: Temporal.Duration.from({ milliseconds: data.TIDEGATE_LOGIN_IDLE }),
      longest: Temporal.Duration.from({ milliseconds: data.TIDEGATE_LOGIN_LONGEST }),
    },
    entra: { tenants: data.TIDEGATE_ENTRA_TENANTS, authority: data.TIDEGATE_ENTRA_AUTHORITY.replace(/\/+$/, '') },
    mail:
      data.TIDEGATE_SMTP_URL === undefined
        ? null
        : { url: data.TIDEGATE_SMTP_URL, from: data.TIDEGATE_MAIL_FROM ?? 'Tidegate <tidegate@localhost>' },
    logLevel: data.TIDEGATE_LOG_LEVEL,
  };
}

/** Throws `invalid_config` for half of it: what was meant to be TLS must not listen in the clear. */
function tlsFrom({
  TIDEGATE_TLS_CERT: cert,
  TIDEGATE_TLS_KEY: key,
  TIDEGATE_TLS_CLIENT_CA: clientCa,
}: Environment): TlsFiles | null {
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa: clientCa ?? null };
  if (cert === undefined && key === undefined && clientCa === undefined) return null;
  throw new TidegateError(
    'invalid_config',
    'TLS takes a certificate and its key: TIDEGATE_TLS_CERT and TIDEGATE_TLS_KEY.',
    'Set both, or neither and no TIDEGATE_TLS_CLIENT_CA.',
  );
}
