/** People. */

import { page, pageQuery, personName } from '../../shapes.ts';
import * as identity from '../identity.ts';
import { type Endpoint, named } from './endpoint.ts';

export const people = {
  people: {
    method: 'GET',
    path: '/v1/people',
    access: 'auditor',
    summary: 'Everybody, by name',
    query: pageQuery,
    answer: page(identity.person),
  },
  person: {
    method: 'GET',
    path: '/v1/people/:name',
    access: 'auditor',
    summary: 'One person',
    params: named(personName),
    answer: identity.person,
  },
  createPerson: {
    method: 'POST',
    path: '/v1/people',
    access: 'administrator',
    summary: 'Make an account',
    body: identity.newPerson,
    status: 201,
    answer: identity.person,
  },
  changePerson: {
    method: 'PATCH',
    path: '/v1/people/:name',
    access: 'administrator',
    summary: 'Change an account: password, local groups, disabled, second factor',
    params: named(personName),
    body: identity.changePerson,
    answer: identity.person,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
