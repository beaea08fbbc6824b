/** Resources. */

import { page, pageQuery, resourceName } from '../../shapes.ts';
import * as operate from '../operate.ts';
import { type Endpoint, named } from './endpoint.ts';

export const resources = {
  resources: {
    method: 'GET',
    path: '/v1/resources',
    access: 'person',
    summary: 'All resources, by name',
    answer: page(operate.resourceView),
  },
  resource: {
    method: 'GET',
    path: '/v1/resources/:name',
    access: 'person',
    summary: 'One resource',
    params: named(resourceName),
    answer: operate.resourceView,
  },
  resourceRules: {
    method: 'GET',
    path: '/v1/resources/:name/rules',
    access: 'person',
    summary:
      'The rules by which somebody could ask there, in the policy’s order: for auditors, administrators and owners',
    params: named(resourceName),
    answer: page(operate.resourceRule),
  },
  resourceAskers: {
    method: 'GET',
    path: '/v1/resources/:name/askers',
    access: 'person',
    summary: 'Who could ask for something there, by name: for auditors, administrators and owners',
    params: named(resourceName),
    query: pageQuery,
    answer: page(operate.resourceAsker),
  },
  resourceObjects: {
    method: 'GET',
    path: '/v1/resources/:name/objects',
    access: 'person',
    summary: 'Its tables and views, for those who can ask for something there: what a request can be narrowed to',
    params: named(resourceName),
    answer: operate.resourceObjects,
  },
  setCredential: {
    method: 'PUT',
    path: '/v1/resources/:name/credential',
    access: 'administrator',
    scoped: true,
    summary: 'Store the password of the resource’s administrator, sealed',
    params: named(resourceName),
    body: operate.newCredential,
    status: 204,
  },
  testResource: {
    method: 'POST',
    path: '/v1/resource-tests',
    access: 'administrator',
    summary:
      'Whether a gateway could work on a resource as it is written here, in force or not: reached, verified, let in, and with which privileges. Nothing is changed by it; that it was tried stands on record',
    body: operate.testResource,
    answer: operate.resourceTest,
  },
  giveUpResource: {
    method: 'POST',
    path: '/v1/resources/:name/give-up',
    access: 'administrator',
    scoped: true,
    summary:
      'For a server that is gone for good: close its closing grants, with findings that their principals may be left',
    params: named(resourceName),
    body: operate.giveUpResource,
    answer: operate.givenUp,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
