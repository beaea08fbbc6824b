/** Workloads. */
import { nobodyElse, type Row } from './row.ts';

export const workloads = {
  workloads: { path: '/v1/workloads', as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  loginWorkload: { path: '/v1/login/workload', body: () => ({ token: 'x' }), as: { olga: 401 } },
  loginCertificate: { path: '/v1/login/certificate', as: { olga: 401 } },
} satisfies Readonly<Record<string, Row>>;
