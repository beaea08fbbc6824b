/** Workloads. */
import { page } from '../../shapes.ts';
import * as identity from '../identity.ts';
import * as api from '../workloads.ts';
import type { Endpoint } from './endpoint.ts';

export const workloads = {
  workloads: {
    method: 'GET',
    path: '/v1/workloads',
    access: 'auditor',
    summary: 'All workloads: in whose hands each is, and how it signs in',
    answer: page(api.workloadView),
  },
  loginWorkload: {
    method: 'POST',
    path: '/v1/login/workload',
    access: 'anyone',
    summary: 'Sign a workload in with a federated ID token that the configuration trusts; for an hour at most',
    body: api.workloadLogin,
    answer: identity.loggedIn,
  },
  loginCertificate: {
    method: 'POST',
    path: '/v1/login/certificate',
    access: 'anyone',
    summary: 'Sign a workload in with the client certificate of this connection; for an hour at most',
    answer: identity.loggedIn,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
