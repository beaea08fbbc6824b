/** API keys. */
import { apiKeyId, page, pageQuery, personName } from '../../shapes.ts';
import * as keys from '../keys.ts';
import { byId, type Endpoint, openOrAll } from './endpoint.ts';

export const apiKeys = {
  apiKeys: {
    method: 'GET',
    path: '/v1/api-keys',
    access: 'person',
    summary: 'API keys, newest first: those that work, or all; yours, or for auditors and administrators everybody’s',
    query: pageQuery.extend({ state: openOrAll, person: personName.optional() }),
    answer: page(keys.apiKey),
  },
  createApiKey: {
    method: 'POST',
    path: '/v1/api-keys',
    access: 'person',
    summary: 'Make an API key: administrators, and for themselves whom the configuration allows it',
    body: keys.newApiKey,
    status: 201,
    answer: keys.newKeyMade,
  },
  revokeApiKey: {
    method: 'DELETE',
    path: '/v1/api-keys/:id',
    access: 'person',
    summary: 'Make an API key worthless: its person, and administrators',
    params: byId(apiKeyId),
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
