/** A passkey is registered: made by the authenticator for this Tidegate, its person verified, its key kept here. */
import type { PasskeyView, RegistrationResponse } from '@tidegate/contract';
import { newPasskeyId, type PersonName, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { ControlEvent } from '../../record/events.ts';
import { recorded } from '../../refusals.ts';
import { brokenConstraint } from '../../store/outage.ts';
import type { Reader, Tx } from '../../store/schema.ts';
import { type Caller, loginOf } from '../caller.ts';
import { assertMayAddFactor } from '../factors.ts';
import { stepUp } from '../logins.ts';
import { GOOD_FOR, newChallenge, takeChallenge } from './challenges.ts';
import { PASSKEY_COLUMNS, viewOf } from './list.ts';
import { PasskeyRefused } from './refused.ts';
import { assertOrigin, relyingParty } from './relying-party.ts';

/** More are kept by nobody, and each is one more way in. */
const PASSKEYS_MAX = 20;
const HANDLE_BYTES = 32;
/** COSE: EdDSA, ES256, RS256. What is not listed is not taken. */
const ALGORITHMS = [-8, -7, -257];

/** What the authenticator is asked. Throws what `assertMayAddFactor` throws, and `conflict` for one too many. */
export async function beginPasskey(context: Context, caller: Caller, password: string | undefined) {
  const login = loginOf(caller);
  const { id: rpID, origin } = relyingParty(context);
  await assertMayAddFactor(context, caller, password);
  const { db } = context.store;
  const handle = await handleOf(context, caller.name);
  const existing = await db
    .selectFrom('passkeys')
    .select(['credential', 'lockedAt'])
    .where('person', '=', caller.name)
    .execute();
  const asked = await newChallenge(context, { purpose: 'register', login }, caller.address);
  const options = {
    challenge: asked.challenge,
    rp: { id: rpID, name: 'Tidegate' },
    user: { id: handle.toString('base64url'), name: caller.name, displayName: caller.name },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key' as const, alg })),
    // One authenticator, one passkey; but where its passkey is locked it may make another.
    excludeCredentials: existing
      .filter(({ lockedAt }) => lockedAt === null)
      .map(({ credential }) => ({ id: credential, type: 'public-key' as const })),
    timeout: GOOD_FOR.total('milliseconds'),
    attestation: 'none',
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    extensions: { credProps: true },
  };
  return { challenge: asked.id, origin, options };
}

/** What authenticators know this person by; made with their first passkey. */
async function handleOf({ store, random }: Context, person: PersonName): Promise<Buffer> {
  await store.db
    .insertInto('passkeyHolders')
    .values({ person, handle: Buffer.from(random(HANDLE_BYTES)) })
    .onConflict((on) => on.column('person').doNothing())
    .execute();
  const { handle } = await store.db
    .selectFrom('passkeyHolders')
    .select('handle')
    .where('person', '=', person)
    .executeTakeFirstOrThrow();
  return handle;
}

export interface MadePasskey {
  readonly challenge: string;
  readonly name: string;
  readonly response: RegistrationResponse;
}

/** Keeps it; this login has shown a second factor then. Throws `PasskeyRefused`, `conflict`. */
export async function addPasskey(context: Context, caller: Caller, made: MadePasskey): Promise<PasskeyView> {
  const login = loginOf(caller);
  const tried = { person: caller.name, address: caller.address, for: 'register' };
  return recorded(context, { kind: 'passkey.refused', data: tried }, async () => {
    const rp = relyingParty(context);
    const challenge = await takeChallenge(context, made.challenge, { purpose: 'register', login });
    assertOrigin(rp, made.response.response.clientDataJSON);
    const { credential, userVerified, credentialBackedUp } = await verifyNew(rp, challenge, made.response);
    if (!userVerified) throw new PasskeyRefused('not_verified');
    const id = newPasskeyId(context.random);
    const keep = async (tx: Tx, at: Temporal.Instant): Promise<readonly ControlEvent[]> => {
      await assertRoom(tx, caller.name);
      await insertPasskey(tx, {
        id,
        person: caller.name,
        name: made.name,
        createdAt: at,
        backedUp: credentialBackedUp,
        credential: credential.id,
        publicKey: Buffer.from(credential.publicKey),
        counter: credential.counter,
        transports: credential.transports ?? [],
      });
      return [{ kind: 'passkey.added', at, data: { person: caller.name, passkey: id, address: caller.address } }];
    };
    await stepUp(context, caller, { how: 'passkey', also: keep });
    const row = await context.store.db
      .selectFrom('passkeys')
      .select(PASSKEY_COLUMNS)
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return viewOf(row);
  });
}

async function verifyNew(
  rp: { readonly id: string; readonly origin: string },
  expectedChallenge: string,
  { id, rawId, type, response }: RegistrationResponse,
) {
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const { clientDataJSON, attestationObject, transports } = response;
  const verified = await verifyRegistrationResponse({
    response: {
      id,
      rawId,
      type,
      clientExtensionResults: {},
      response: { clientDataJSON, attestationObject, ...(transports === undefined ? {} : { transports }) },
    },
    expectedChallenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    // Looked at by the caller, who tells it from what is not valid at all.
    requireUserVerification: false,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch((error: unknown) => {
    throw new PasskeyRefused('not_valid', error);
  });
  if (!verified.verified) throw new PasskeyRefused('not_valid');
  return verified.registrationInfo;
}

/** The holder's row is locked: two at once cannot both take the last place. */
async function assertRoom(tx: Tx, person: PersonName): Promise<void> {
  await tx.selectFrom('passkeyHolders').select('person').where('person', '=', person).forUpdate().execute();
  const { count } = await countOf(tx, person);
  if (count < PASSKEYS_MAX) return;
  throw new TidegateError('conflict', `You have ${PASSKEYS_MAX} passkeys already.`, 'Remove one first.');
}

const countOf = (db: Reader, person: PersonName) =>
  db
    .selectFrom('passkeys')
    .select(sql<number>`count(*)`.as('count'))
    .where('person', '=', person)
    .executeTakeFirstOrThrow();

type NewRow = Parameters<ReturnType<typeof intoPasskeys>['values']>[0];
const intoPasskeys = (tx: Tx) => tx.insertInto('passkeys');

async function insertPasskey(tx: Tx, row: NewRow): Promise<void> {
  try {
    await intoPasskeys(tx).values(row).execute();
  } catch (error) {
    if (brokenConstraint(error) !== 'passkeys_are_registered_once') throw error;
    throw new TidegateError('conflict', 'This passkey is registered already.', 'Use it, or remove it first.', error);
  }
}
