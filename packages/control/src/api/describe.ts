/** The API's description without a running control plane: the very routes, over a store that is never asked. */
import { randomBytes } from 'node:crypto';
import { TidegateError } from '@tidegate/core';
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { pino } from 'pino';
import { wallClock } from '../context.ts';
import { settings } from '../identity/signing-in.ts';
import { createSealer, KEY_BYTES } from '../keys/seal.ts';
import type { Database } from '../store/schema.ts';
import { buildServer } from './server.ts';

/** The OpenAPI 3.1 document. */
export async function describeApi(): Promise<object> {
  const db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (of) => new PostgresIntrospector(of),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const neverAsked = async (): Promise<never> => {
    throw new TidegateError('internal', 'Only its description was wanted.');
  };
  const context = {
    store: {
      db,
      transaction: neverAsked,
      flushed: neverAsked,
      listen: () => () => undefined,
      close: async () => undefined,
    },
    sealer: createSealer(new Uint8Array(KEY_BYTES)),
    now: wallClock,
    random: randomBytes,
    log: pino({ enabled: false }),
    signIn: settings({ publicUrl: () => 'http://localhost' }),
    checker: { check: neverAsked, stop: neverAsked },
    linkAddress: '',
  };
  const app = await buildServer({ context, waitForTicket: neverAsked, look: neverAsked }, { webFolder: null });
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}
