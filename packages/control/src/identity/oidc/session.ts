/** What a sign-in at a provider leaves open: by its refresh token the provider is asked again, and again. */

import type { IdentityProvider } from '@tidegate/contract';
import type { LoginId } from '@tidegate/core';
import { parseDuration, randomText, TidegateError } from '@tidegate/core';
import type { Context } from '../../context.ts';
import type { Tx } from '../../store/schema.ts';
import type { IdentityKey } from './claims.ts';
import type { Shown } from './tokens.ts';

/** How long a check may take before another control plane makes it. */
export const CHECK_WITHIN = Temporal.Duration.from({ minutes: 2 });

/** When the provider is to be asked next; null: never. */
export function nextCheck({ session }: IdentityProvider, from: Temporal.Instant): Temporal.Instant | null {
  return session.recheckEvery === 'never' ? null : from.add(parseDuration(session.recheckEvery));
}

/**
 * Throws `conflict` where the provider is to be asked again and gave nothing to ask with: whoever is removed there would
 * keep what they have here. Said before anybody is let in.
 */
export function assertCheckable({ name, session }: IdentityProvider, { refreshToken }: Shown): void {
  if (session.recheckEvery === 'never' || refreshToken !== null) return;
  throw new TidegateError(
    'conflict',
    `The identity provider ${name} gave no refresh token: it could not be asked whether you may still come in.`,
    'Tell your administrator: allow this application “offline_access”, or set “session: {recheckEvery: never}”.',
  );
}

export async function saveSession(
  tx: Tx,
  { sealer, random }: Context,
  settings: IdentityProvider,
  { key, login, shown, at }: { key: IdentityKey; login: LoginId; shown: Shown; at: Temporal.Instant },
): Promise<void> {
  const id = `ps_${randomText(random, 16)}`;
  const { refreshToken, claims } = shown;
  await tx
    .insertInto('providerSessions')
    .values({
      ...key,
      id,
      login,
      provider: settings.name,
      tokenSubject: claims.sub,
      sid: claims.sid ?? null,
      refreshToken: refreshToken === null ? null : sealer.seal(refreshToken, purposeOf(id)),
      createdAt: at,
      checkedAt: at,
      nextCheckAt: refreshToken === null ? null : nextCheck(settings, at),
    })
    .execute();
}

/** What `refresh_token` is sealed for. */
export const purposeOf = (session: string): string => `refresh/${session}`;
