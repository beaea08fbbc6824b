/** Logins as they are listed. */
import { z } from 'zod';
import { instant, loginId } from '../shapes.ts';

/** By what a login came about. */
export const loginHow = z.enum(['password', 'passkey', 'oidc', 'workload', 'api_key', 'certificate']);
/** What carries it: the `Authorization` header, or a browser's cookie. */
export const loginKind = z.enum(['bearer', 'cookie']);

export const loginView = z
  .object({
    /** What it is called; worth nothing as a token. */
    id: loginId,
    /** The one this was asked with. */
    current: z.boolean(),
    how: loginHow,
    kind: loginKind,
    address: z.string(),
    /** As the client called itself; null: it did not. */
    userAgent: z.string().nullable(),
    createdAt: instant,
    /** To the minute. */
    lastUsedAt: instant,
    /** Over then, used or not; and before, when nobody uses it until `idleAt`. */
    expiresAt: instant,
    idleAt: instant,
    mfaAt: instant.nullable(),
  })
  .meta({ id: 'Login' });
export type LoginView = z.infer<typeof loginView>;
