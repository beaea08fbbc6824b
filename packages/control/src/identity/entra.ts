/**
 * Whom to believe about people in Entra ID: for each tenant its issuers and the keys that it publishes. They are read
 * anew every hour; while the tenant can't be reached the last ones count, for a day.
 */
import type { EntraTrust } from '@tidegate/contract';
import type { Logger } from 'pino';
import { z } from 'zod';

export interface EntraOptions {
  /** Tenant ids. */
  readonly tenants: readonly string[];
  /** Where the tenants are: another in national clouds. */
  readonly authority: string;
}

export interface Entra {
  /** What is known now; a tenant whose keys were never read is not among them. */
  trusts(): readonly EntraTrust[];
  stop(): Promise<void>;
}

const READ_EVERY_MS = 60 * 60 * 1000;
const RETRY_MS = 60 * 1000;
const GOOD_FOR_MS = 24 * 60 * 60 * 1000;
const TIMEOUT_MS = 10_000;
/** A tenant publishes some kilobytes. */
const ANSWER_MAX = 1024 * 1024;

/** RFC 7517, as far as it is passed on: public keys that sign. */
const keySet = z.object({
  keys: z
    .array(
      z.object({
        kty: z.enum(['RSA', 'EC']),
        kid: z.string().max(256),
        use: z.string().optional(),
        n: z.string().max(4096).optional(),
        e: z.string().max(64).optional(),
        crv: z.string().max(16).optional(),
        x: z.string().max(256).optional(),
        y: z.string().max(256).optional(),
      }),
    )
    .max(64),
});

interface Known {
  readonly trust: EntraTrust;
  readonly readAt: number;
}

/** Begins to read; `changed` is called whenever what is known has become different. */
export function startEntra({ tenants, authority }: EntraOptions, log: Logger, changed: () => void): Entra {
  const known = new Map<string, Known>();
  const over = new AbortController();
  const timers = new Map<string, NodeJS.Timeout>();
  const reading = new Map<string, Promise<void>>();

  const read = async (tenant: string): Promise<void> => {
    let again = READ_EVERY_MS;
    try {
      const signal = AbortSignal.any([over.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const trust = { tenant, issuers: issuersOf(authority, tenant), keys: await keysOf(authority, tenant, signal) };
      const before = known.get(tenant);
      known.set(tenant, { trust, readAt: performance.now() });
      if (JSON.stringify(before?.trust) !== JSON.stringify(trust)) changed();
    } catch (error) {
      if (over.signal.aborted) return;
      again = RETRY_MS;
      log.warn({ tenant, err: error }, 'the keys of a tenant of Entra ID could not be read; trying again');
    }
    timers.set(
      tenant,
      setTimeout(() => reading.set(tenant, read(tenant)), again),
    );
  };
  for (const tenant of tenants) reading.set(tenant, read(tenant));

  return {
    trusts: () => {
      const oldest = performance.now() - GOOD_FOR_MS;
      return [...known.values()].filter(({ readAt }) => readAt > oldest).map(({ trust }) => trust);
    },
    stop: async () => {
      over.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(reading.values());
    },
  };
}

/** Tokens of both versions are about: those for databases are of the first. */
const issuersOf = (authority: string, tenant: string): string[] => [
  `https://sts.windows.net/${tenant}/`,
  `${authority}/${tenant}/v2.0`,
];

async function keysOf(authority: string, tenant: string, signal: AbortSignal): Promise<EntraTrust['keys']> {
  const response = await fetch(`${authority}/${tenant}/discovery/v2.0/keys`, { signal, redirect: 'error' });
  if (!response.ok) throw new Error(`the tenant answered with HTTP ${response.status}`);
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > ANSWER_MAX) throw new Error('the tenant answered with too much');
  const text = await response.text();
  if (text.length > ANSWER_MAX) throw new Error('the tenant answered with too much');
  const { keys } = keySet.parse(JSON.parse(text));
  const signing = keys.filter(({ use }) => use === undefined || use === 'sig');
  if (signing.length === 0) throw new Error('the tenant publishes no keys');
  return signing;
}
