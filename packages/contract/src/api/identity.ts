/** People, groups, sign-in, second factors, first set-up. */
import { z } from 'zod';
import { tidegateRole } from '../config.ts';
import { entraIdentity, groupName, instant, loginId, personName, resourceName } from '../shapes.ts';
import { loginHow, loginKind } from './logins.ts';

/** What a page of ours adds to every call: no form and no page of another origin can (any value will do). */
export const BROWSER_HEADER = 'tidegate-browser';

/** NIST SP 800-63B: length is what counts, from 8 characters; no rules of composition. */
export const password = z.string().min(8).max(256);
export const login = z.object({
  user: z.string().max(128),
  password: z.string().max(256),
  /** Of an authenticator, or a recovery code. */
  mfaCode: z.string().max(32).optional(),
  /** In a browser: the token goes into a cookie that no script can read, and not into the answer. */
  cookie: z.boolean().default(false),
});
/** `token` is null for a login that is carried by a cookie. */
export const loggedIn = z.object({ token: z.string().nullable(), expiresAt: instant, person: personName });
export type LoggedIn = z.infer<typeof loggedIn>;

export const me = z
  .object({
    name: personName,
    groups: z.array(groupName),
    administrator: z.boolean(),
    auditor: z.boolean(),
    /** Tidegate's own roles: everywhere (null), or on these resources alone. */
    roles: z.array(z.object({ role: tidegateRole, resources: z.array(resourceName).nullable() })),
    /** Resources of which they are an owner, by their groups. */
    owns: z.array(resourceName),
    /** May make API keys for themselves; administrators for others, too. */
    mayMakeKeys: z.boolean(),
    /** What can be shown as a second factor: passkeys that are not locked, recovery codes that are left. */
    mfa: z.object({ totp: z.boolean(), passkeys: z.int(), recoveryCodes: z.int() }),
    session: z.object({
      /** null: no login, but an API key. */
      id: loginId.nullable(),
      how: loginHow,
      kind: loginKind,
      expiresAt: instant,
      /** When the person last proved who they are. */
      authTime: instant,
      /** When a second factor was last shown on this login. */
      mfaAt: instant.nullable(),
    }),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof me>;

export const newPerson = z.object({ name: personName, password, groups: z.array(groupName).default([]) });
export const person = z
  .object({
    name: personName,
    groups: z.array(groupName),
    disabled: z.boolean(),
    /** Who they are in Entra ID: a token of their own sign-in then lets them in at SQL Server under their open grant. */
    entra: entraIdentity.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Person' });
export const changePerson = z.object({
  password: password.optional(),
  groups: z.array(groupName).optional(),
  disabled: z.boolean().optional(),
  entra: entraIdentity.nullable().optional(),
  /** Forget the second factor of somebody who lost it (never your own). */
  resetMfa: z.literal(true).optional(),
});
export const passwordChange = z.object({ current: z.string().max(256), password });
export type PersonView = z.infer<typeof person>;

/** One transaction: the first people (at least one administrator) and, if given, the first configuration. */
export const setup = z.object({
  token: z.string().max(256),
  people: z.array(newPerson).min(1).max(100),
  config: z.string().max(4_000_000).optional(),
});
export const setUp = z.object({ people: z.array(personName), configVersion: z.int().nullable() });
