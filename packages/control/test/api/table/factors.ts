/** Logins and second factors. What is olga's is nobody else's, an administrator's neither. */
import type { ChallengeId, LoginId, PasskeyId, PersonName } from '@tidegate/core';
import { type Api, PASSWORD } from '../../support/api.ts';
import { administrator, type Row } from './row.ts';

const OLGA = 'olga' as PersonName;
const LOGIN = 'lg_0123456789abcdef' as LoginId;
const OTHER_LOGIN = 'lg_fedcba9876543210' as LoginId;
const PASSKEY = 'pk_0123456789abcdef' as PasskeyId;
const STEP_UP = 'mfa_0123456789abcdef' as ChallengeId;

/** Two logins of olga's, a passkey that is locked, a login that waits for her to show a factor; by their ids. */
export async function olgasFactors({ context }: Api): Promise<Readonly<Record<string, string>>> {
  const { db } = context.store;
  const createdAt = context.now();
  const expiresAt = createdAt.add({ hours: 1 });
  for (const [index, id] of [LOGIN, OTHER_LOGIN].entries()) {
    await db
      .insertInto('logins')
      .values({
        id,
        token: Buffer.alloc(32, index + 1),
        kind: 'bearer',
        how: 'password',
        person: OLGA,
        address: '127.0.0.1',
        userAgent: 'tidegate',
        issuerSession: null,
        mfaAt: null,
        createdAt,
        lastUsedAt: createdAt,
        authTime: createdAt,
        expiresAt,
      })
      .execute();
  }
  await db
    .insertInto('passkeyHolders')
    .values({ person: OLGA, handle: Buffer.alloc(32) })
    .execute();
  await db
    .insertInto('passkeys')
    .values({
      id: PASSKEY,
      credential: 'AAAA',
      person: OLGA,
      name: 'key',
      publicKey: Buffer.alloc(1),
      counter: 0,
      transports: [],
      backedUp: false,
      createdAt,
      lockedAt: createdAt,
    })
    .execute();
  await db
    .insertInto('mfaChallenges')
    .values({ id: STEP_UP, login: LOGIN, person: OLGA, code: 'AB12', createdAt, expiresAt })
    .execute();
  return { login: LOGIN, otherLogin: OTHER_LOGIN, passkey: PASSKEY, stepUp: STEP_UP };
}

const answer = {
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: { clientDataJSON: 'e30', authenticatorData: 'AAAA', signature: 'AAAA' },
};
const made = {
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: { clientDataJSON: 'e30', attestationObject: 'AAAA' },
};

export const factors = {
  enrolTotp: { path: '/v1/me/mfa/totp', body: () => ({ password: PASSWORD }), as: { olga: 'right' } },
  confirmTotp: { path: '/v1/me/mfa/totp/confirm', body: () => ({ code: '000000' }), as: { olga: 403 } },
  verifyTotp: { path: '/v1/me/mfa/totp/verify', body: () => ({ code: '000000' }), as: { olga: 403 } },
  removeTotp: { path: '/v1/me/mfa/totp', as: { olga: 403 } },
  makeRecoveryCodes: { path: '/v1/me/mfa/recovery-codes', as: { olga: 403 } },
  useRecoveryCode: { path: '/v1/me/mfa/recovery', body: () => ({ code: 'x' }), as: { olga: 403 } },

  askPasskeyLogin: { path: '/v1/login/passkey/challenges', as: { olga: 'right' } },
  loginWithPasskey: {
    path: '/v1/login/passkey',
    body: () => ({ challenge: 'x', response: answer }),
    as: { olga: 403 },
  },
  passkeys: { path: '/v1/me/passkeys', as: { olga: 'right' } },
  beginPasskey: { path: '/v1/me/passkeys/registration', body: () => ({ password: PASSWORD }), as: { olga: 'right' } },
  addPasskey: {
    path: '/v1/me/passkeys',
    body: () => ({ challenge: 'x', name: 'key', response: made }),
    as: { olga: 403 },
  },
  renamePasskey: {
    path: '/v1/me/passkeys/:passkey',
    body: () => ({ name: 'blue' }),
    as: { alice: 404, carol: 404, olga: 'right' },
  },
  removePasskey: { path: '/v1/me/passkeys/:passkey', as: { alice: 404, carol: 404, olga: 'right' } },
  askPasskey: { path: '/v1/me/mfa/passkey/challenges', as: { olga: 403 } },
  showPasskey: { path: '/v1/me/mfa/passkey', body: () => ({ challenge: 'x', response: answer }), as: { olga: 403 } },

  beginStepUp: { path: '/v1/me/mfa/challenges', as: { olga: 'right' } },
  stepUp: { path: '/v1/me/mfa/challenges/:stepUp', as: { alice: 404, carol: 404, olga: 'right' } },
  completeStepUp: {
    path: '/v1/me/mfa/challenges/:stepUp/complete',
    body: () => ({ code: '000000' }),
    as: { alice: 404, carol: 404, olga: 403 },
  },
  refuseStepUp: { path: '/v1/me/mfa/challenges/:stepUp/refuse', as: { alice: 404, carol: 404, olga: 'right' } },

  myLogins: { path: '/v1/me/logins', as: { olga: 'right' } },
  endMyLogin: { path: '/v1/me/logins/:login', as: { alice: 404, carol: 404, olga: 'right' } },
  loginsOf: { path: '/v1/people/olga/logins', as: { ...administrator, olga: 403, carol: 'right' } },
  endLoginOf: {
    path: '/v1/people/olga/logins/:otherLogin',
    as: { ...administrator, olga: 403, carol: 'right' },
  },
} satisfies Readonly<Record<string, Row>>;
