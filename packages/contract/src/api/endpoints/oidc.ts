/** Signing in at an identity provider, and who people are there. */
import { z } from 'zod';
import { providerName } from '../../config.ts';
import { page, personName } from '../../shapes.ts';
import * as oidc from '../oidc.ts';
import { type Endpoint, named } from './endpoint.ts';

const atProvider = z.object({ provider: providerName });

export const identityProviders = {
  signInWays: {
    method: 'GET',
    path: '/v1/sign-in',
    access: 'anyone',
    summary: 'How people sign in here',
    answer: oidc.signInWays,
  },
  startSignIn: {
    method: 'POST',
    path: '/v1/sign-in/providers/:provider/start',
    access: 'anyone',
    summary: 'Begin to sign in at an identity provider, in a browser',
    params: atProvider,
    body: oidc.startSignIn,
    answer: oidc.signInStarted,
  },
  startStepUp: {
    method: 'POST',
    path: '/v1/sign-in/step-up',
    access: 'person',
    summary: 'Begin to show a second factor at the identity provider you signed in at',
    body: oidc.startStepUp,
    answer: oidc.signInStarted,
  },
  redeemSignIn: {
    method: 'POST',
    path: '/v1/sign-in/redeem',
    access: 'anyone',
    summary: 'Take the login that a terminal’s sign-in came to, once',
    body: oidc.redeemSignIn,
    answer: oidc.redeemed,
  },
  startDeviceSignIn: {
    method: 'POST',
    path: '/v1/sign-in/providers/:provider/device',
    access: 'anyone',
    summary: 'Begin to sign in with a code that is typed at the identity provider, on any device',
    params: atProvider,
    answer: oidc.deviceSignIn,
  },
  pollDeviceSignIn: {
    method: 'POST',
    path: '/v1/sign-in/device',
    access: 'anyone',
    summary: 'Ask whether the code was typed',
    body: oidc.pollDevice,
    answer: oidc.devicePolled,
  },
  identities: {
    method: 'GET',
    path: '/v1/people/:name/identities',
    access: 'auditor',
    summary: 'Who a person is at identity providers',
    params: named(personName),
    answer: page(oidc.identity),
  },
  linkIdentity: {
    method: 'POST',
    path: '/v1/people/:name/identities',
    access: 'administrator',
    summary: 'Say that somebody at an identity provider is this person',
    params: named(personName),
    body: oidc.identityLink,
    answer: page(oidc.identity),
  },
  unlinkIdentity: {
    method: 'DELETE',
    path: '/v1/people/:name/identities',
    access: 'administrator',
    summary: 'Take that back: whoever signs in there is somebody else from then on',
    params: named(personName),
    query: oidc.identityLink,
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** Where a provider sends browsers back to: not in the table, because it answers with pages. */
export const signInCallback = {
  method: 'GET',
  path: '/v1/sign-in/callback',
  access: 'anyone',
  summary: 'The identity provider’s answer, as a browser brings it: redirects to where the sign-in was begun',
} as const satisfies Endpoint;

/** OpenID Connect Back-Channel Logout 1.0: not in the table, because it takes a form. */
export const backChannelLogout = {
  method: 'POST',
  path: '/v1/sign-in/providers/:provider/back-channel-logout',
  access: 'anyone',
  summary: 'The identity provider tells that a session there is over',
  params: atProvider,
  body: z.object({ logout_token: z.string().min(1).max(32_768) }),
} as const satisfies Endpoint;
