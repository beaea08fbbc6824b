/**
 * A passkey is shown: from the authenticator's answer to whose it is. Read `verifyPasskey` downwards; each line is one
 * check, each doubt a refusal, and each refusal stands on the record.
 */
import { timingSafeEqual } from 'node:crypto';
import type { WebAuthnCredential } from '@simplewebauthn/server';
import type { AssertionResponse } from '@tidegate/contract';
import type { PasskeyId, PersonName } from '@tidegate/core';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import { recorded } from '../../refusals.ts';
import { admitAttempt, forgiveAttempts } from '../attempts.ts';
import { type Bound, takeChallenge } from './challenges.ts';
import { PasskeyRefused, type Why } from './refused.ts';
import { assertOrigin, assertVerified, type RelyingParty, relyingParty } from './relying-party.ts';

/** What a client sends: the answer, and under which id it was asked. */
export interface Answer {
  readonly challenge: string;
  readonly response: AssertionResponse;
}
export interface ShownPasskey {
  readonly id: PasskeyId;
  readonly person: PersonName;
}

/**
 * Whose passkey this is; it has verified its user and answered this very challenge, here, once.
 * @param whose nobody's but this person's counts; null: anybody's, to sign in
 * Throws `PasskeyRefused` (`mfa_invalid`), `too_many_attempts`.
 */
export async function verifyPasskey(
  context: Context,
  answer: Answer,
  bound: Bound,
  whose: PersonName | null,
  address: string,
): Promise<ShownPasskey> {
  const passkey = await findPasskey(context, answer.response.id);
  const account = whose ?? passkey?.person ?? '(not known)';
  await admitAttempt(context, 'passkey', account, address);
  const tried = { person: whose ?? passkey?.person ?? null, passkey: passkey?.id ?? null, address };
  const shown = await recorded(
    context,
    { kind: 'passkey.refused', data: { ...tried, for: bound.purpose } },
    async () => {
      const rp = relyingParty(context);
      const challenge = await takeChallenge(context, answer.challenge, bound);
      if (passkey === null) throw new PasskeyRefused('credential_unknown');
      if (whose !== null && passkey.person !== whose) throw new PasskeyRefused('not_theirs');
      if (passkey.lockedAt !== null) throw new PasskeyRefused('locked');
      assertHandle(passkey.handle, answer.response, bound);
      assertOrigin(rp, answer.response.response.clientDataJSON);
      assertVerified(answer.response.response.authenticatorData);
      const proof = await verifySignature(rp, challenge, answer.response, passkey);
      await countUp(context, passkey, proof, address);
      return { id: passkey.id, person: passkey.person };
    },
  );
  await forgiveAttempts(context.store.db, 'passkey', account, address);
  return shown;
}

type Known = NonNullable<Awaited<ReturnType<typeof findPasskey>>>;

async function findPasskey({ store }: Context, credential: string) {
  const row = await store.db
    .selectFrom('passkeys')
    .innerJoin('passkeyHolders', 'passkeyHolders.person', 'passkeys.person')
    .select(['passkeys.id', 'passkeys.person', 'credential', 'publicKey', 'lockedAt', 'handle'])
    .where('credential', '=', credential)
    .executeTakeFirst();
  return row ?? null;
}

/** Who signs in without a name is named by the authenticator: by what it was given for this very person (7.2, step 6). */
function assertHandle(handle: Buffer, { response: { userHandle } }: AssertionResponse, { purpose }: Bound): void {
  if (userHandle === undefined || userHandle === null || userHandle === '') {
    if (purpose === 'sign-in') throw new PasskeyRefused('not_valid');
    return;
  }
  const said = Buffer.from(userHandle, 'base64url');
  if (said.length !== handle.length || !timingSafeEqual(said, handle)) throw new PasskeyRefused('not_theirs');
}

interface Proof {
  readonly counter: number;
  readonly backedUp: boolean;
}

async function verifySignature(
  { id, origin }: RelyingParty,
  challenge: string,
  { id: credential, rawId, type, response }: AssertionResponse,
  passkey: Known,
): Promise<Proof> {
  // Loaded here: most who call have no passkey in hand.
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  const { clientDataJSON, authenticatorData, signature } = response;
  const told = { id: credential, rawId, type, clientExtensionResults: {} };
  // Counted from 0 here: the library would look at the counter before the signature, and believe anybody who says that
  // it went back. What it is, is looked at when it is known to be the authenticator's own word.
  const known: WebAuthnCredential = {
    id: passkey.credential,
    publicKey: Uint8Array.from(passkey.publicKey),
    counter: 0,
  };
  const verified = await verifyAuthenticationResponse({
    response: { ...told, response: { clientDataJSON, authenticatorData, signature } },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: id,
    credential: known,
    requireUserVerification: true,
  }).catch((error: unknown) => {
    throw new PasskeyRefused('not_valid', error);
  });
  if (!verified.verified) throw new PasskeyRefused('not_valid');
  const { newCounter, credentialBackedUp } = verified.authenticationInfo;
  return { counter: newCounter, backedUp: credentialBackedUp };
}

/**
 * An authenticator's counter only rises (one that keeps none says 0, always). One that did not has a twin: the passkey is
 * locked, and whoever signed in with it before is out, since nobody can say which of the two they were.
 */
async function countUp(context: Context, { id, person }: Known, proof: Proof, address: string): Promise<void> {
  const at = context.now();
  const why = await context.store.transaction(async (tx): Promise<Why | null> => {
    const row = await tx
      .selectFrom('passkeys')
      .select(['counter', 'lockedAt'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return 'credential_unknown';
    if (row.lockedAt !== null) return 'locked';
    const { counter, backedUp } = proof;
    if (counter > row.counter || (counter === 0 && row.counter === 0)) {
      await tx.updateTable('passkeys').set({ counter, backedUp, lastUsedAt: at }).where('id', '=', id).execute();
      return null;
    }
    await tx.updateTable('passkeys').set({ lockedAt: at }).where('id', '=', id).execute();
    await tx.deleteFrom('logins').where('person', '=', person).where('how', '=', 'passkey').execute();
    const data = { person, passkey: id, address, counter, before: row.counter };
    await appendEvent(tx, { kind: 'passkey.locked', at, data });
    return 'counter_back';
  });
  // Only now: what was locked stays locked.
  if (why !== null) throw new PasskeyRefused(why);
}
