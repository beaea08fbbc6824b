/** The link's end: nothing of it is under way any more when it says so, because the store is closed next. */
import { once } from 'node:events';
import { connect } from 'node:net';
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
  const identity = await joinLink(link);
  const { token } = await (await api.as('carol')).createJoinToken({ name: 'far' });
  const [gateway, other] = [
    await TestGateway.connect(link, identity),
    await TestGateway.connect(link, await joinLink(link, token)),
  ];
  await gateway.until(({ resources }) => resources.has('orders'));
  await other.until(({ resources }) => resources.has('orders'));
  held = true;
  gateway.drop();
  await writing.promise;

  const stopping = link.stop();
  // Whoever is still there is told; the listener is closed last, once all is written.
  await other.closed();
  const socket = connect(link.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  gate.resolve();
  await stopping;
  const rows = await store.db.selectFrom('gateways').select('connection').execute();
  expect(rows).toEqual([{ connection: null }, { connection: null }]);
  expect(await once(connect(link.port, '127.0.0.1'), 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
  await api.close();
});
