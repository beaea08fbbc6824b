/** Resources. */
import { administrator, type Row } from './row.ts';

export const resources = {
  resources: { path: '/v1/resources', as: { olga: 'right' } },
  resource: { path: '/v1/resources/orders', as: { olga: 'right' } },
  resourceObjects: { path: '/v1/resources/orders/objects', as: { olga: 403, carol: 403, alice: 'right' } },
  setCredential: {
    path: '/v1/resources/shop/credential',
    body: () => ({ password: 'secret of shop' }),
    as: { ...administrator, dan: 403, carol: 'right' },
  },
} satisfies Readonly<Record<string, Row>>;
