/** First set-up and signing in. */
import * as identity from '../identity.ts';
import type { Endpoint } from './endpoint.ts';

export const signIn = {
  setup: {
    method: 'POST',
    path: '/v1/setup',
    access: 'anyone',
    summary: 'Make the first people, with the one-time token, and optionally the first configuration',
    body: identity.setup,
    answer: identity.setUp,
  },
  login: {
    method: 'POST',
    path: '/v1/login',
    access: 'anyone',
    summary: 'Sign in with a local account',
    body: identity.login,
    answer: identity.loggedIn,
  },
  logout: { method: 'POST', path: '/v1/logout', access: 'person', summary: 'End this login', status: 204 },
  me: { method: 'GET', path: '/v1/me', access: 'person', summary: 'Who is signed in', answer: identity.me },
  changePassword: {
    method: 'POST',
    path: '/v1/me/password',
    access: 'person',
    summary: 'Change your password; ends your other logins',
    body: identity.passwordChange,
    status: 204,
  },
  enrolTotp: {
    method: 'POST',
    path: '/v1/me/mfa/totp',
    access: 'person',
    summary: 'Begin a second factor (TOTP); it counts once confirmed',
    body: identity.totpEnrol,
    answer: identity.totpEnrolment,
  },
  confirmTotp: {
    method: 'POST',
    path: '/v1/me/mfa/totp/confirm',
    access: 'person',
    summary: 'Confirm the second factor with a first code',
    body: identity.totpCode,
    answer: identity.me,
  },
  verifyTotp: {
    method: 'POST',
    path: '/v1/me/mfa/totp/verify',
    access: 'person',
    summary: 'Show the second factor on this login',
    body: identity.totpCode,
    answer: identity.me,
  },
  removeTotp: {
    method: 'DELETE',
    path: '/v1/me/mfa/totp',
    access: 'person',
    summary: 'Remove the second factor; it must have been shown in the last five minutes',
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
