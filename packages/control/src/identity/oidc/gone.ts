/**
 * What a provider means by refusing a refresh token. The standard has one answer, `invalid_grant`, for an account that is
 * gone, a session that was revoked, and a token that is too old. Entra ID says more, in numbers.
 */
import type { IdentityProvider } from '@tidegate/contract';
import type { DeniedByProvider } from './refused.ts';

/** Entra ID’s numbers (AADSTS) for: not there, not there any more, disabled, no longer assigned to the application. */
const GONE = new Set(['50020', '50034', '50057', '50105', '51004', '90072']);
/** Too old, or unused too long; or wants what only the person can give. Neither says anything of the account. */
const TOO_OLD = ['70008', '70043', '700082', '700084'];
const WANTS_THE_PERSON = ['50074', '50076', '50078', '50079', '50158', '53000', '53001', '53003', '65001'];
const MERELY_OVER = new Set([...TOO_OLD, ...WANTS_THE_PERSON]);

/** True where it is to be taken as: this person is no longer to have anything. Doubt is settled by the configuration. */
export function meansGone({ entra, session }: IdentityProvider, { error, said }: DeniedByProvider): boolean {
  const number = entra ? /\bAADSTS(\d{3,7})\b/.exec(said)?.[1] : undefined;
  if (number !== undefined && GONE.has(number)) return true;
  if (number !== undefined && MERELY_OVER.has(number)) return false;
  // The provider wants the person themselves (RFC 6749 and OpenID Connect Core 3.1.2.6): it still knows them.
  if (/^(interaction|login|consent|account_selection)_required$/.test(error)) return false;
  return session.whenRefused === 'end-access';
}
