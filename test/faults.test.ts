/**
 * Each part killed with -9 under load (issue: bad luck): nothing acknowledged is lost from the record, no grant stays
 * open past its end, no principal is left.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { NodePostgres } from './support/load.ts';
import { people } from './support/people.ts';
import { killPart, PARTS, type Part, pidsOf } from './support/processes.ts';
import { recorded } from './support/record.ts';
import { connection, psql, Tidegate, type Way } from './support/tidegate.ts';

const request = z.object({ id: z.string(), grant: z.object({ id: z.string() }).nullable() });

describe('kill -9 under load', () => {
  let tidegate: Tidegate;
  let way: Way;
  const loads: NodePostgres[] = [];

  beforeAll(async () => {
    tidegate = await Tidegate.start();
    for (const person of ['alice', 'bob', 'carol']) await tidegate.login(person);
    way = await letIn('30m');
    loads.push(new NodePostgres(way, 1_000_000).start(), new NodePostgres(way, 2_000_000).start());
    for (const load of loads) await load.progress(50);
  });
  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    await tidegate[Symbol.asyncDispose]();
  });

  async function letIn(duration: string): Promise<Way> {
    const asked = request.parse(
      await tidegate.json('alice', ['request', 'orders', '--role', 'reader', '--for', duration, '--reason', 'test']),
    );
    const approved = request.parse(await tidegate.json('bob', ['approve', asked.id]));
    const grant = approved.grant?.id ?? '';
    return connection.parse(await tidegate.json('alice', ['connect', 'orders', '--grant', grant, '--print']));
  }

  function kill(part: Part): number[] {
    const pids = killPart(tidegate.process.pid ?? 0, part);
    expect(pids.length, `${part} was running`).toBeGreaterThan(0);
    return pids;
  }

  test.each(PARTS)('the %s comes back, and the load goes on', async (part) => {
    const before = kill(part);
    await expect
      .poll(() => pidsOf(tidegate.process.pid ?? 0, part).filter((pid) => !before.includes(pid)).length, {
        timeout: 30_000,
      })
      .toBeGreaterThan(0);
    for (const load of loads) await load.progress(50);
    // The whole again: a decision can be made and a door opened.
    await expect
      .poll(
        async () =>
          (await tidegate.cli('alice', ['connect', 'orders', '--grant', way.grant, '--print', '--json'])).code,
        { timeout: 60_000 },
      )
      .toBe(0);
  });

  test('a grant that ends while the gateway is dead lets nobody in, and its principal goes', async () => {
    const short = await letIn('8s');
    expect((await psql(short, 'SELECT 1')).code).toBe(0);
    kill('gateway');
    await expect.poll(() => Date.now() > Date.parse(short.expiresAt), { timeout: 20_000 }).toBe(true);
    expect((await psql(short, 'SELECT 1')).code).not.toBe(0);
    await expect
      .poll(async () => (await psql(way, `SELECT count(*) FROM pg_roles WHERE rolname = '${short.user}'`)).stdout, {
        timeout: 60_000,
      })
      .toBe('0');
  });

  test('everything that was answered is on record, and the record verifies', async () => {
    await Promise.all(loads.map((load) => load.stop()));
    const acknowledged = loads.flatMap((load) => load.acknowledged);
    expect(acknowledged.length).toBeGreaterThan(500);
    const { carol } = await people(tidegate.url);
    const missing = async (): Promise<number> => {
      const { asked } = await recorded(carol);
      return acknowledged.filter((value) => !asked.has(value)).length;
    };
    await expect.poll(missing, { timeout: 60_000, interval: 1_000 }).toBe(0);
    expect(await tidegate.json('carol', ['audit', 'verify'])).toMatchObject({ ok: true });
  });
});
