/** What OpenAPI 3.1 says about the API as a whole. */

import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { BROWSER_HEADER } from '@tidegate/contract';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';

export const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'Tidegate',
    version: '1',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    description:
      'Just-in-time access to databases. Times are RFC 3339 in UTC, durations ISO 8601 (30m, 2h and 1h30m are taken too). ' +
      'Lists come in pages: give `nextCursor` back as `cursor`. Refusals are problem+json (RFC 9457) with a stable `code` ' +
      'and a `next` step.',
  },
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'The token that /v1/login answers.' },
      cookie: {
        type: 'apiKey',
        in: 'cookie',
        name: '__Host-tidegate',
        description: `What /v1/login sets when asked with \`cookie\`; \`tidegate\` on the machine itself. What changes something needs the header ${BROWSER_HEADER} too.`,
      },
    },
  },
} as const satisfies FastifyDynamicSwaggerOptions['openapi'];

/** With the named schemas that something refers to; the generator brings each twice, as input and as output. */
export const withNamedSchemas: NonNullable<FastifyDynamicSwaggerOptions['transformObject']> = (document) => {
  const whole = jsonSchemaTransformObject(document);
  const schemas = ('components' in whole ? whole.components?.schemas : undefined) ?? {};
  for (let before = -1; before !== Object.keys(schemas).length; ) {
    before = Object.keys(schemas).length;
    // Taking one away may leave another without anybody who refers to it.
    const text = JSON.stringify(whole);
    for (const name of Object.keys(schemas)) {
      if (!text.includes(`"#/components/schemas/${name}"`)) Reflect.deleteProperty(schemas, name);
    }
  }
  return whole;
};
