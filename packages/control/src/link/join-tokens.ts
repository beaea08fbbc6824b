/** One-time rights to join as a gateway. The store keeps a digest; the token itself is shown once. */
import { createHash, X509Certificate } from 'node:crypto';
import { formatJoinToken, type JoinToken } from '@tidegate/contract';
import { type PersonName, randomText, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import type { Reader } from '../store/schema.ts';

/** 32 characters of 5 bits. */
const SECRET_LENGTH = 32;
const LONGEST_VALIDITY = Temporal.Duration.from({ hours: 7 * 24 });
const LOCAL_VALIDITY = Temporal.Duration.from({ minutes: 10 });
/** The name of the gateway that `tidegate start` runs beside the control plane. */
const LOCAL_NAME = 'local';

/** With where gateways dial: `host:port` of the link's listener, as they reach it. */
export type LinkContext = Context & { readonly linkAddress: string };

export interface NewJoinToken {
  /** The gateway's name; joining again under a name replaces the identity of the gateway that has it. */
  readonly name: string;
  readonly validFor: Temporal.Duration;
  /** null: the supervisor, for the gateway beside it. */
  readonly by: PersonName | null;
}

/** Makes a token. Throws `invalid_input` for a name that cannot be shown and a validity of more than a week. */
export async function createJoinToken(context: LinkContext, { name, validFor, by }: NewJoinToken): Promise<JoinToken> {
  if (!/^[^\p{C}\p{Zl}\p{Zp}]{1,63}$/u.test(name)) {
    throw new TidegateError('invalid_input', 'A gateway’s name has 1 to 63 visible characters.');
  }
  if (Temporal.Duration.compare(validFor, LONGEST_VALIDITY) > 0) {
    throw new TidegateError('invalid_input', 'A join token is good for a week at most.', 'Make it when it is needed.');
  }
  const { store, now, random, linkAddress: address } = context;
  const secret = randomText(random, SECRET_LENGTH);
  const at = now();
  const expiresAt = at.add(validFor);
  const fingerprint = await authorityFingerprint(store.db);
  await store.transaction(async (tx) => {
    await tx
      .insertInto('joinTokens')
      .values({ token: digestOf(secret), name, createdBy: by, createdAt: at, expiresAt, usedAt: null, gateway: null })
      .execute();
    const data = { by, name, expiresAt: expiresAt.toString() };
    await appendEvent(tx, { kind: 'gateway.join_token_issued', at, data });
  });
  return { token: formatJoinToken({ address, fingerprint, secret }), expiresAt: expiresAt.toString() };
}

/** A token for the gateway that runs on this machine beside the control plane. */
export async function issueLocalJoin(context: LinkContext): Promise<string> {
  return (await createJoinToken(context, { name: LOCAL_NAME, validFor: LOCAL_VALIDITY, by: null })).token;
}

/** What the store knows a secret by. */
export const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

async function authorityFingerprint(db: Reader): Promise<string> {
  const row = await db.selectFrom('keys').select('public').where('name', '=', 'authority').executeTakeFirst();
  if (row === undefined) {
    throw new TidegateError('unavailable', 'This installation has no authority yet.', 'Try again in a moment.');
  }
  return createHash('sha256').update(new X509Certificate(row.public).raw).digest('hex');
}
