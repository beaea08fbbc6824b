/** First set-up, signing in, logins. */
import { z } from 'zod';
import { loginId, page, pageQuery, personName } from '../../shapes.ts';
import * as factors from '../factors.ts';
import * as identity from '../identity.ts';
import * as logins from '../logins.ts';
import { byId, type Endpoint, named } from './endpoint.ts';

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
  askPasskeyLogin: {
    method: 'POST',
    path: '/v1/login/passkey/challenges',
    access: 'anyone',
    summary: 'What a passkey must sign to sign its person in; nobody has to say who they are',
    answer: factors.passkeyRequest,
  },
  loginWithPasskey: {
    method: 'POST',
    path: '/v1/login/passkey',
    access: 'anyone',
    summary: 'Sign in with a passkey alone: it counts as two factors',
    body: factors.passkeyLogin,
    answer: identity.loggedIn,
  },
  myLogins: {
    method: 'GET',
    path: '/v1/me/logins',
    access: 'person',
    summary: 'Where you are signed in, newest first',
    query: pageQuery,
    answer: page(logins.loginView),
  },
  endMyLogin: {
    method: 'DELETE',
    path: '/v1/me/logins/:id',
    access: 'person',
    summary: 'End one of your logins',
    params: byId(loginId),
    status: 204,
  },
  loginsOf: {
    method: 'GET',
    path: '/v1/people/:name/logins',
    access: 'administrator',
    summary: 'Where somebody is signed in, newest first',
    params: named(personName),
    query: pageQuery,
    answer: page(logins.loginView),
  },
  endLoginOf: {
    method: 'DELETE',
    path: '/v1/people/:name/logins/:id',
    access: 'administrator',
    summary: 'End somebody’s login',
    params: z.object({ name: personName, id: loginId }),
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
