/** Configuration. */
import { CONFIG } from '../../support/api.ts';
import { administrator, nobodyElse, type Row } from './row.ts';

export const configuration = {
  config: { path: '/v1/config', as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  planConfig: { path: '/v1/config/plan', body: () => ({ yaml: CONFIG }), as: { ...administrator, carol: 'right' } },
  applyConfig: {
    path: '/v1/config/apply',
    body: () => ({ yaml: CONFIG }),
    as: { ...administrator, carol: 'right' },
  },
  simulateConfig: {
    path: '/v1/config/simulate',
    body: () => ({ yaml: CONFIG, since: '2026-01-01T00:00:00Z' }),
    as: { ...administrator, carol: 'right' },
  },
  configSchema: { path: '/v1/config/schema', as: { olga: 'right' } },
  configVersions: { path: '/v1/config/versions', as: { ...nobodyElse, audrey: 'right' } },
  configVersion: { path: '/v1/config/versions/1', as: { ...nobodyElse, audrey: 'right' } },
} satisfies Readonly<Record<string, Row>>;
