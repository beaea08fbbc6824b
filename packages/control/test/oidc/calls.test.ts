/** Where calls to a provider may go, and what a refusal of one means. */
import { configIdentityProvider } from '@tidegate/contract';
import { describe, expect, test } from 'vitest';
import { bounded, fetchFor, ProviderUnavailable } from '../../src/identity/oidc/fetch.ts';
import { meansGone } from '../../src/identity/oidc/gone.ts';
import { DeniedByProvider } from '../../src/identity/oidc/refused.ts';

const GET = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;

describe('a provider with TLS', () => {
  test.each([
    'http://127.0.0.1:1/',
    'https://127.0.0.1:1/',
    'http://localhost:1/',
    'https://[::1]:1/',
    'http://login.example/',
  ])('never has us call %s, whatever it publishes', async (url) => {
    const call = fetchFor('https://login.example.com')(url, GET);
    await expect(call).rejects.toThrow(/is no address that a provider may be at/);
  });
});

test('one on this machine calls this machine alone', async () => {
  const call = fetchFor('http://127.0.0.1:1')('http://login.example/', GET);
  await expect(call).rejects.toThrow(/is no address/);
  await expect(bounded('http://127.0.0.1:1/', {}, { local: true })).rejects.toBeInstanceOf(ProviderUnavailable);
});

describe('a refresh token that is refused', () => {
  const provider = (more: object) =>
    configIdentityProvider.parse({ name: 'corp', issuer: 'https://login.example.com', clientId: 'x', ...more });
  const denied = (said: string, error = 'invalid_grant') => new DeniedByProvider(error, said);

  test.each<[string, object, DeniedByProvider, boolean]>([
    ['without a word is a removal', {}, denied(''), true],
    ['is a sign-out where that is said', { session: { whenRefused: 'sign-out' } }, denied(''), false],
    ['because the person is wanted is none', {}, denied('', 'interaction_required'), false],
    [
      'of an account disabled in Entra ID',
      { entra: true, session: { whenRefused: 'sign-out' } },
      denied('AADSTS50057: x'),
      true,
    ],
    ['that Entra ID calls too old', { entra: true }, denied('AADSTS700082: x'), false],
    ['for a reason of Entra ID that we do not know', { entra: true }, denied('AADSTS999999: x'), true],
    [
      'with Entra ID’s number, by somebody else',
      { session: { whenRefused: 'sign-out' } },
      denied('AADSTS50057'),
      false,
    ],
  ])('%s', (_, settings, refusal, gone) => {
    expect(meansGone(provider(settings), refusal)).toBe(gone);
  });
});
