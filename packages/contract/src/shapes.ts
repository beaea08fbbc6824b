/** The small shapes that every schema is built from. Times are RFC 3339 UTC strings, durations ISO 8601, at every border. */
import type {
  ApiKeyId,
  ChallengeId,
  Engine,
  GrantId,
  GroupName,
  LoginId,
  PasskeyId,
  PersonName,
  RequestId,
  ResourceName,
  RoleName,
  SessionId,
  StreamId,
  TicketId,
} from '@tidegate/core';
import { z } from 'zod';

/** A name a person reads: 1–128 characters, nothing invisible (C0, C1, line and paragraph separators). */
const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, 'must not contain control characters');

/** The brand is a compile-time fact that a schema's parse establishes: this is the one place where it is asserted. */
const branded = <T extends string>(schema: z.ZodString) => schema as unknown as z.ZodType<T, string>;

export const personName = branded<PersonName>(name);
export const groupName = branded<GroupName>(name);
/** What is typed on command lines and becomes part of database names. */
const plainName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'must be 1 to 63 of a–z, 0–9, dot, hyphen and underscore, and begin with a–z or 0–9',
  );
export const resourceName = branded<ResourceName>(plainName);
export const roleName = branded<RoleName>(plainName);
export const requestId = branded<RequestId>(z.string().regex(/^req_[0-9a-hjkmnp-tv-z]{16}$/));
export const grantId = branded<GrantId>(z.string().regex(/^g[0-9a-hjkmnp-tv-z]{7}$/));
export const ticketId = branded<TicketId>(z.string().regex(/^tk_[0-9a-hjkmnp-tv-z]{16}$/));
export const sessionId = branded<SessionId>(z.string().regex(/^ses_[0-9a-hjkmnp-tv-z]{16}$/));
export const apiKeyId = branded<ApiKeyId>(z.string().regex(/^key_[0-9a-hjkmnp-tv-z]{16}$/));
export const loginId = branded<LoginId>(z.string().regex(/^lg_[0-9a-hjkmnp-tv-z]{16}$/));
export const passkeyId = branded<PasskeyId>(z.string().regex(/^pk_[0-9a-hjkmnp-tv-z]{16}$/));
export const challengeId = branded<ChallengeId>(z.string().regex(/^mfa_[0-9a-hjkmnp-tv-z]{16}$/));
/** `<gateway>.<boot>.<worker>`: the boot and worker parts are the gateway's own, 1 to 32 of `[a-z0-9-]` each. */
export const gatewayStream = branded<StreamId>(
  z.string().regex(/^gw_[0-9a-hjkmnp-tv-z]{16}\.[a-z0-9-]{1,32}\.[a-z0-9-]{1,32}$/),
);

export const instant = z.iso.datetime({ offset: false }).meta({ description: 'RFC 3339, UTC' });
/** `PT30M`, and what people type: `30m`, `2h`, `1h30m`, `90s`, `1d`. Answers are always ISO 8601. */
export const duration = z
  .string()
  .max(32)
  .regex(
    /^(P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?|(\d+d)?(\d+h)?(\d+m)?(\d+s)?)$/,
    'must be a duration, such as 30m, 2h, 1h30m or PT2H',
  )
  .refine((text) => text.length > 0, 'must not be empty')
  .meta({ description: 'ISO 8601 (PT30M), or 30m, 2h, 1h30m' });

/** Typed by core's list: one more there that is missing here does not compile. */
export const engine: z.ZodEnum<{ [Name in Engine]: Name }> = z.enum(['postgres', 'mysql', 'sqlserver']);
/** Who a person is in Entra ID: the `tid` and `oid` of their tokens. Never an e-mail address, which changes hands. */
export const entraIdentity = z.object({ tenant: z.guid().toLowerCase(), object: z.guid().toLowerCase() });

export const closeReason = z.enum(['expired', 'revoked', 'relinquished', 'failed']);
export const requestState = z.enum(['pending', 'approved', 'denied', 'cancelled', 'lapsed']);
export const grantState = z.enum(['scheduled', 'active', 'closing', 'closed']);

/** RFC 9457 problem+json with Tidegate's stable `code` and a `next` step. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    next: z.string(),
    /** Where in the web app it can be done: for `mfa_required`, the page where a second factor is shown. */
    link: z.string().optional(),
    /** For invalid input and configuration: every error at once. */
    errors: z
      .array(
        z.object({
          path: z.string(),
          message: z.string(),
          line: z.int().optional(),
          column: z.int().optional(),
          file: z.string().optional(),
        }),
      )
      .optional(),
    traceId: z.string(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

/** Keyset pages: `cursor` is opaque; null: no more. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
export const pageQuery = z.object({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number<number>().int().min(1).max(500).default(100),
});
