/** Configuration. */
import { z } from 'zod';
import { page, pageQuery } from '../../shapes.ts';
import * as operate from '../operate.ts';
import type { Endpoint } from './endpoint.ts';

export const configuration = {
  config: {
    method: 'GET',
    path: '/v1/config',
    access: 'policy-reader',
    summary: 'The configuration in force',
    answer: operate.configVersion,
  },
  planConfig: {
    method: 'POST',
    path: '/v1/config/plan',
    access: 'policy-editor',
    summary: 'What applying this configuration would change',
    body: operate.configText,
    answer: operate.configPlan,
  },
  applyConfig: {
    method: 'POST',
    path: '/v1/config/apply',
    access: 'policy-editor',
    summary: 'Put a configuration in force',
    body: operate.applyConfig,
    answer: operate.configVersion,
  },
  simulateConfig: {
    method: 'POST',
    path: '/v1/config/simulate',
    access: 'policy-editor',
    summary: 'How past requests would be decided under this configuration: those for which it would be otherwise',
    body: operate.simulateConfig,
    answer: operate.simulation,
  },
  configSchema: {
    method: 'GET',
    path: '/v1/config/schema',
    access: 'anyone',
    summary: 'The JSON Schema of configurations, for editors',
    answer: z.record(z.string(), z.unknown()),
  },
  configVersions: {
    method: 'GET',
    path: '/v1/config/versions',
    access: 'policy-reader',
    summary: 'Every configuration there was, newest first',
    query: pageQuery,
    answer: page(operate.configVersion.omit({ yaml: true })),
  },
  configVersion: {
    method: 'GET',
    path: '/v1/config/versions/:version',
    access: 'policy-reader',
    summary: 'One configuration there was',
    params: z.object({ version: z.coerce.number<number>().int().min(0) }),
    answer: operate.configVersion,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
