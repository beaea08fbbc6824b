/** The link's end: nothing of it is under way any more when it says so, because the store is closed next. */
import { expect, test } from 'vitest';
import type { Context } from '../../src/context.ts';
import { startApi, withCluster } from '../support/api.ts';
import { joinLink, startTestLink, TestGateway } from '../support/link.ts';

withCluster();

test('waits for what a gateway that left a moment before still has to write', async () => {
  const api = await startApi();
  const { store } = api.context;
  const gate = Promise.withResolvers<void>();
  const writing = Promise.withResolvers<void>();
  let held = false;
  const context: Context = {
    ...api.context,
    store: {
      ...store,
      async transaction(work) {
        if (held) {
          writing.resolve();
          await gate.promise;
        }
        return store.transaction(work);
      },
    },
  };
  const link = await startTestLink(context);
  const gateway = await TestGateway.connect(link, await joinLink(link));
  await gateway.until(({ resources }) => resources.has('orders'));
  held = true;
  gateway.drop();
  await writing.promise;

  let stopped = false;
  const stopping = link.stop().then(() => {
    stopped = true;
  });
  await Promise.race([stopping, new Promise((resolve) => setTimeout(resolve, 300))]);
  expect(stopped).toBe(false);
  gate.resolve();
  await stopping;
  const rows = await store.db.selectFrom('gateways').select('connection').execute();
  expect(rows).toEqual([{ connection: null }]);
  await api.close();
});
