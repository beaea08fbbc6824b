/** API keys. */
import { nobodyElse, type Row } from './row.ts';

const body = (): object => ({
  name: 'x',
  scopes: ['requests:read'],
  expiresAt: Temporal.Now.instant().add({ hours: 24 }).toString({ smallestUnit: 'millisecond' }),
});

export const apiKeys = {
  apiKeys: { path: '/v1/api-keys', as: { olga: 'right', audrey: 'right', carol: 'right' } },
  createApiKey: { path: '/v1/api-keys', body, as: { ...nobodyElse, audrey: 403, carol: 'right' } },
  revokeApiKey: { path: '/v1/api-keys/:key', as: { olga: 404, audrey: 403, ivan: 'right' } },
} satisfies Readonly<Record<string, Row>>;
