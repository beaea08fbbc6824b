/** Gateways and findings. */
import { z } from 'zod';
import { page, pageQuery, resourceName } from '../../shapes.ts';
import * as operate from '../operate.ts';
import { type Endpoint, named, openOrAll } from './endpoint.ts';

export const gateways = {
  gateways: {
    method: 'GET',
    path: '/v1/gateways',
    access: 'auditor',
    summary: 'All gateways',
    answer: page(operate.gatewayView),
  },
  revokeGateway: {
    method: 'POST',
    path: '/v1/gateways/:name/revoke',
    access: 'administrator',
    summary: 'Take a gateway out: its identity is refused from now on, its sessions are cut, its link is closed',
    params: named(z.string().min(1).max(63)),
    body: operate.revokeGateway,
    answer: operate.revokedGateway,
  },
  createJoinToken: {
    method: 'POST',
    path: '/v1/gateways/join-tokens',
    access: 'administrator',
    summary: 'Let one new gateway join',
    body: operate.newJoinToken,
    status: 201,
    answer: operate.joinToken,
  },
  findings: {
    method: 'GET',
    path: '/v1/findings',
    access: 'auditor',
    scoped: true,
    summary: 'Access left behind in databases, newest first',
    query: pageQuery.extend({ state: openOrAll, resource: resourceName.optional() }),
    answer: page(operate.finding),
  },
  resolveFinding: {
    method: 'POST',
    path: '/v1/findings/:id/resolve',
    access: 'administrator',
    summary: 'Call a finding mended, by hand: what a gateway still sees comes back as a new one',
    params: z.object({ id: z.string().min(1).max(32) }),
    body: operate.resolveFinding,
    answer: operate.finding,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
