/** The generator rests on PostgreSQL's own hash functions: no version may make other rows of them. */
import { expect, test } from 'vitest';
import { connect, FINGERPRINT, sampleServer, temporaryHome } from './support.ts';

test('every version makes the same rows', { timeout: 180_000 }, async () => {
  const made = new Map<number, unknown>();
  for (const major of [14, 16, 18] as const) {
    const place = await temporaryHome();
    const orders = await sampleServer(place.home, major);
    const client = await connect(orders, orders.cluster);
    made.set(major, (await client.query(FINGERPRINT)).rows[0].fingerprint);
    await client.end();
    await orders.cluster.stop();
    await place.remove();
  }
  expect(made.get(14)).toBe(made.get(18));
  expect(made.get(16)).toBe(made.get(18));
});
