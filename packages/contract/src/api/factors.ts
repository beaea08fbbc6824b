/** Second factors: codes of an authenticator, passkeys (WebAuthn), recovery codes, and showing one for another login. */
import { z } from 'zod';
import { challengeId, instant, loginId, passkeyId } from '../shapes.ts';

/**
 * The password again: a login that was left open must not be enough to give itself a second factor. Who has one already
 * shows that one instead (within the last five minutes), and needs no password.
 */
export const factorEnrol = z.object({ password: z.string().max(256).optional() });
export const totpEnrolment = z.object({ secret: z.string(), uri: z.string() });
export const totpCode = z.object({ code: z.string().max(16) });

/** Shown this once; each counts once. */
export const recoveryCodes = z.object({ codes: z.array(z.string()) });
export const recoveryCode = z.object({ code: z.string().max(32) });

const base64url = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\w-]+$/, 'must be base64url');
const CREDENTIAL_MAX = 1400;

/** `PublicKeyCredential.toJSON()` of what `navigator.credentials.create` answered. */
export const registrationResponse = z.object({
  id: base64url(CREDENTIAL_MAX),
  rawId: base64url(CREDENTIAL_MAX),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(8_000),
    attestationObject: base64url(32_000),
    transports: z.array(z.string().max(32)).max(16).optional(),
  }),
});
/** The same of `navigator.credentials.get`. */
export const assertionResponse = z.object({
  id: base64url(CREDENTIAL_MAX),
  rawId: base64url(CREDENTIAL_MAX),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(8_000),
    authenticatorData: base64url(8_000),
    signature: base64url(8_000),
    /** Empty from some authenticators that have none. */
    userHandle: z
      .string()
      .max(128)
      .regex(/^[\w-]*$/, 'must be base64url')
      .nullish(),
  }),
});
export type RegistrationResponse = z.infer<typeof registrationResponse>;
export type AssertionResponse = z.infer<typeof assertionResponse>;

const descriptor = z.object({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()).optional(),
});
/** What `PublicKeyCredential.parseCreationOptionsFromJSON` reads. */
export const creationOptions = z.looseObject({
  challenge: z.string(),
  rp: z.object({ id: z.string(), name: z.string() }),
  user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
  pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.int() })),
  excludeCredentials: z.array(descriptor),
  timeout: z.int(),
});
/** What `PublicKeyCredential.parseRequestOptionsFromJSON` reads. */
export const requestOptions = z.looseObject({
  challenge: z.string(),
  rpId: z.string(),
  allowCredentials: z.array(descriptor),
  userVerification: z.literal('required'),
  timeout: z.int(),
});

/** `challenge` is given back with the response: once, within five minutes, by the same login. */
const asked = <T extends z.ZodType>(options: T) =>
  z.object({
    challenge: z.string(),
    /** The only address at which browsers can use passkeys of this Tidegate. */
    origin: z.string(),
    options,
  });
export const passkeyCreation = asked(creationOptions).meta({ id: 'PasskeyCreation' });
export const passkeyRequest = asked(requestOptions).meta({ id: 'PasskeyRequest' });

const challenge = z.string().max(64);
const passkeyName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u);
export const newPasskey = z.object({ challenge, name: passkeyName, response: registrationResponse });
export const passkeyShown = z.object({ challenge, response: assertionResponse });
export const passkeyLogin = passkeyShown.extend({
  /** In a browser: the token goes into a cookie that no script can read, and not into the answer. */
  cookie: z.boolean().default(false),
});
export const renamePasskey = z.object({ name: passkeyName });
export const passkey = z
  .object({
    id: passkeyId,
    name: z.string(),
    /** Kept by its owner's platform in more than one place; not bound to one device. */
    backedUp: z.boolean(),
    transports: z.array(z.string()),
    createdAt: instant,
    lastUsedAt: instant.nullable(),
    /** When its counter went back: somebody has a copy. It is good for nothing any more: remove it, register another. */
    lockedAt: instant.nullable(),
  })
  .meta({ id: 'Passkey' });
export type PasskeyView = z.infer<typeof passkey>;

/** A login (a terminal's) that waits for its person to show a second factor elsewhere: in a browser, at `link`. */
export const stepUp = z
  .object({
    id: challengeId,
    state: z.enum(['pending', 'shown', 'refused', 'over']),
    /** Shown here and there: whoever sees another code is being asked by somebody else. */
    code: z.string(),
    link: z.string(),
    /** The login that asks, and where it was opened from. */
    login: loginId,
    address: z.string(),
    userAgent: z.string().nullable(),
    createdAt: instant,
    expiresAt: instant,
  })
  .meta({ id: 'StepUp' });
export type StepUpView = z.infer<typeof stepUp>;
/** The second factor, shown now: a code (of the authenticator, or a recovery code) or a passkey. */
export const completeStepUp = z.object({ code: z.string().max(32).optional(), passkey: passkeyShown.optional() });
