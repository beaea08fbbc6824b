/** Signing in at an identity provider (OpenID Connect), and who people are there. */
import { z } from 'zod';
import { providerName } from '../config.ts';
import { challengeId, instant, personName } from '../shapes.ts';

/** What can be chosen from before anybody is signed in. */
export const signInWays = z.object({
  /** Whether there are accounts with passwords, or passkeys, of Tidegate’s own. */
  local: z.boolean(),
  providers: z.array(z.object({ name: providerName })),
});
export type SignInWays = z.infer<typeof signInWays>;

const challenge = z.string().regex(/^[\w-]{43}$/, 'must be the SHA-256 of a verifier, base64url');
const port = z.int().min(1024).max(65_535);

/**
 * Where the answer goes. A browser: back to a page of ours. A terminal: to `http://127.0.0.1:<port>/signed-in`, with a
 * code that it redeems with the verifier of `challenge` (as in PKCE).
 */
export const destination = z.union([
  z.strictObject({ cookie: z.literal(true), returnTo: z.string().max(2000).optional() }),
  z.strictObject({ port, challenge }),
]);
export const startSignIn = z.object({ destination });
/** `asked`: the terminal’s question that this answers too; in a browser alone. */
export const startStepUp = startSignIn.extend({ asked: challengeId.optional() });
/** The provider’s page, to be opened in a browser. */
export const signInStarted = z.object({ location: z.url() });

export const redeemSignIn = z.object({
  code: z.string().min(1).max(128),
  verifier: z.string().regex(/^[\w.~-]{43,128}$/, 'must be 43 to 128 characters, as in PKCE'),
});
/** null: a step-up; the login that asked has risen, and keeps its token. */
export const redeemed = z.object({
  login: z.object({ token: z.string(), expiresAt: instant, person: personName }).nullable(),
});

export const deviceSignIn = z.object({
  /** What to ask with; a secret. */
  handle: z.string(),
  userCode: z.string(),
  verificationUri: z.url(),
  verificationUriComplete: z.url().nullable(),
  /** Seconds between two questions. */
  interval: z.int(),
  expiresAt: instant,
});
export const pollDevice = z.object({ handle: z.string().min(1).max(128) });
export const devicePolled = redeemed.extend({
  /** Seconds to wait before asking again; 0: signed in. */
  wait: z.int(),
});

export const identity = z
  .object({
    provider: providerName,
    issuer: z.string(),
    subject: z.string(),
    /** Groups and app roles there, as last told. */
    groups: z.array(z.string()),
    /** The administrator who said that this is that person; null: it made the account. */
    linkedBy: personName.nullable(),
    firstSeenAt: instant,
    lastSeenAt: instant.nullable(),
  })
  .meta({ id: 'Identity' });
export type IdentityView = z.infer<typeof identity>;
export const identityLink = z.object({ provider: providerName, subject: z.string().min(1).max(255) });
