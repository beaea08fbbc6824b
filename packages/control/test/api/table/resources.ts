/** Resources. */
import { administrator, type Row } from './row.ts';

export const resources = {
  resources: { path: '/v1/resources', as: { olga: 'right' } },
  resource: { path: '/v1/resources/orders', as: { olga: 'right' } },
  resourceRules: {
    path: '/v1/resources/orders/rules',
    as: { olga: 403, alice: 403, dan: 'right', audrey: 'right', carol: 'right' },
  },
  resourceAskers: {
    path: '/v1/resources/orders/askers?limit=2',
    as: { olga: 403, alice: 403, dan: 'right', audrey: 'right', carol: 'right' },
  },
  resourceObjects: { path: '/v1/resources/orders/objects', as: { olga: 403, carol: 403, alice: 'right' } },
  testResource: {
    path: '/v1/resource-tests',
    body: () => ({
      resource: {
        name: 'new',
        engine: 'postgres',
        address: '127.0.0.1:5432',
        databases: ['new'],
        credential: { user: 'admin', env: 'NEW_PASSWORD' },
        tls: { mode: 'disable' },
      },
    }),
    // No gateway is there to be asked.
    as: { ...administrator, dan: 403, carol: 503 },
  },
  setCredential: {
    path: '/v1/resources/shop/credential',
    body: () => ({ password: 'secret of shop' }),
    as: { ...administrator, dan: 403, carol: 'right' },
  },
} satisfies Readonly<Record<string, Row>>;
