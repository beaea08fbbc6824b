/**
 * A terminal comes for its login: with the code that its browser was sent to it with, and with what only it knows (the
 * same as PKCE, between it and us). The code alone, seen in a browser's history or by another program, is worth nothing.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { OpenedLogin } from '../logins.ts';
import { readClaims } from './claims.ts';
import { enter } from './enter.ts';
import { explain } from './explain.ts';
import { openProvider } from './provider.ts';
import { loginThatRises, rise } from './rise.ts';
import { begin, newSecret, overAlready, type SignInRow, secretsOf, take } from './under-way.ts';

/** A terminal that listens is there at once. */
const REDEEM_WITHIN = Temporal.Duration.from({ minutes: 1 });

const waiting = z.object({
  claims: z.record(z.string(), z.unknown()).transform(readClaims),
  all: z.record(z.string(), z.unknown()),
  groups: z.array(z.string()),
  refreshToken: z.string().nullable(),
  /** When the sign-in began: a step-up counts what was shown since. */
  startedAt: z.string(),
});
/** What the provider has shown, kept sealed until the terminal comes. */
export type Waiting = z.infer<typeof waiting>;

/** Keeps it; answers the code. */
export async function keepForTerminal(context: Context, row: SignInRow, shown: Waiting): Promise<string> {
  const code = newSecret(context);
  const { provider, login, address, challenge } = row;
  await begin(context, code, {
    provider,
    login,
    address,
    way: 'redeem',
    secrets: shown,
    challenge: challenge ?? '',
    endsAt: context.now().add(REDEEM_WITHIN),
  });
  return code;
}

export interface Redeeming {
  readonly code: string;
  readonly verifier: string;
  readonly address: string;
  readonly userAgent: string | null;
}

/**
 * A new login; null for a step-up, whose login has risen and keeps its token. Throws `token_invalid`, `login_failed`,
 * `conflict`, `mfa_invalid`.
 */
export async function redeemSignIn(context: Context, input: Redeeming): Promise<OpenedLogin | null> {
  const { code, verifier, address, userAgent } = input;
  const row = await take(context, code, ['redeem']);
  try {
    assertVerifier(row, verifier);
    const provider = await openProvider(context, row.provider);
    const { startedAt, ...shown } = secretsOf(context, row, waiting);
    if (row.login === null) return await enter(context, provider, shown, { address, userAgent, kind: 'bearer' });
    const caller = await loginThatRises(context, row.login, address, () => undefined);
    await rise(context, provider, shown, { caller, asked: null, startedAt: Temporal.Instant.from(startedAt) });
    return null;
  } catch (error) {
    throw await explain(context, row, address, error);
  }
}

function assertVerifier({ challenge }: SignInRow, verifier: string): void {
  const given = createHash('sha256').update(verifier).digest();
  const wanted = Buffer.from(challenge ?? '', 'base64url');
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw overAlready();
}
