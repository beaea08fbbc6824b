/** A federated ID token, held against what the configuration trusts. Read `readToken` downwards; every doubt refuses. */
import { createHash } from 'node:crypto';
import type { CurrentWorkload } from '@tidegate/config';
import { TidegateError } from '@tidegate/core';
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import type { Context } from '../../context.ts';
import type { Tx } from '../../store/schema.ts';
import { ProviderUnavailable } from '../oidc/fetch.ts';
import { CLOCK_TOLERANCE_S } from '../oidc/provider.ts';
import { meaningOf, RefusedToken } from '../oidc/refused.ts';
import { ALGORITHMS } from '../oidc/tokens.ts';
import { keysOf } from './keys.ts';

/** Tokens of workloads live minutes to hours: one that was made longer ago than this is of no use whatever it says. */
const OLDEST = '24h';

export interface ShownToken {
  readonly workload: CurrentWorkload;
  readonly issuer: string;
  readonly subject: string;
  /** null: the token has none, and could be shown again while it lives. */
  readonly jti: string | null;
  readonly endsAt: Temporal.Instant;
}

/** Throws `RefusedToken`, and `unavailable` when the issuer's keys cannot be had. */
export async function readToken(
  { now }: Context,
  workloads: readonly CurrentWorkload[],
  token: string,
): Promise<ShownToken> {
  try {
    const claimed = decodeJwt(token);
    const [workload, trust] = trusted(workloads, claimed);
    const { payload } = await jwtVerify(token, await keysOf(trust.issuer), {
      issuer: trust.issuer,
      subject: trust.subject,
      audience: trust.audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['exp', 'iat'],
      maxTokenAge: OLDEST,
      currentDate: new Date(now().epochMilliseconds),
    });
    const endsAt = Temporal.Instant.fromEpochMilliseconds((payload.exp ?? 0) * 1000);
    const jti = typeof payload.jti === 'string' && payload.jti !== '' ? payload.jti : null;
    return { workload, issuer: trust.issuer, subject: trust.subject, jti, endsAt };
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    const meaning = meaningOf(error);
    if (!(meaning instanceof ProviderUnavailable)) throw meaning;
    throw new TidegateError('unavailable', 'The issuer of this token cannot be asked just now.', 'Try again.', error);
  }
}

/** What the token says of itself only chooses whose keys it is held against. */
function trusted(workloads: readonly CurrentWorkload[], { iss, sub, aud }: JWTPayload) {
  const audiences = Array.isArray(aud) ? aud : [aud];
  for (const workload of workloads) {
    for (const trust of workload.trust) {
      const { issuer, subject, audience } = trust;
      if (issuer === iss && subject === sub && audiences.includes(audience)) return [workload, trust] as const;
    }
  }
  throw new RefusedToken('no workload is known by its issuer, subject and audience');
}

/** Takes the token for good: shown again while it lives, it is refused. Throws `RefusedToken`. */
export async function spendToken(tx: Tx, { issuer, jti, endsAt }: ShownToken, at: Temporal.Instant): Promise<void> {
  if (jti === null) return;
  const tolerance = { seconds: CLOCK_TOLERANCE_S };
  await tx.deleteFrom('workloadTokens').where('endsAt', '<', at.subtract(tolerance)).execute();
  const spent = await tx
    .insertInto('workloadTokens')
    .values({
      digest: createHash('sha256')
        .update(JSON.stringify([issuer, jti]))
        .digest(),
      endsAt: endsAt.add(tolerance),
    })
    .onConflict((on) => on.doNothing())
    .executeTakeFirst();
  if (spent.numInsertedOrUpdatedRows !== 1n) throw new RefusedToken('it was shown before');
}
