/** Killed anywhere, at work twice, or hindered by the person themselves: it always converges, and closed means closed. */
import { type DesiredGrant, desiredGrant } from '@tidegate/contract';
import { isProblem, parseGrantLine } from '@tidegate/core';
import type { TemporaryCluster } from '@tidegate/embedded/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Administrator, Connections } from '../src/engines/postgres/principal/sessions.ts';
import { ProvisionError } from '../src/engines/provisioner.ts';
import {
  ADMINS,
  clientOf,
  clusterOf,
  contextOf,
  grantOn,
  inAnHour,
  login,
  provisionerOf,
  refOf,
  roleState,
  SERVERS,
  type World,
  worldOn,
} from './principal-support.ts';
import { EVERY, firstOf } from './support/every.ts';

/** A grant with what its role lists, in its own name. */
function listing({ resource }: World): DesiredGrant {
  const line = parseGrantLine('SELECT, UPDATE (item), DELETE ON shop.orders', 'postgres');
  if (isProblem(line)) throw new Error(line.message);
  return desiredGrant.parse({ ...grantOn(resource, 'write'), role: { name: 'support', lines: [line] } });
}

/** Dies at the nth message to the server: before it is sent, or when it was done and nobody heard. */
class Mortal implements Administrator {
  readonly #connections: Connections;
  #left = Number.POSITIVE_INFINITY;
  #when: 'before' | 'after' = 'before';
  messages = 0;

  constructor(world: World) {
    this.#connections = new Connections(contextOf(world.resource));
  }

  dieAt(message: number, when: 'before' | 'after'): void {
    this.#left = message;
    this.#when = when;
  }

  live(): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.messages = 0;
  }

  use: Administrator['use'] = (database, work) =>
    this.#connections.use(database, (session) =>
      work({
        ...session,
        rows: (shape, text, values) => this.#message(() => session.rows(shape, text, values)),
        run: (statements) =>
          statements.length === 0 ? Promise.resolve() : this.#message(() => session.run(statements)),
      }),
    );

  async #message<T>(send: () => Promise<T>): Promise<T> {
    this.messages += 1;
    this.#left -= 1;
    if (this.#left < 0 || (this.#left === 0 && this.#when === 'before')) throw killed();
    const answer = await send();
    if (this.#left === 0) throw killed();
    return answer;
  }

  end(): Promise<void> {
    return this.#connections.end();
  }
}

const killed = () => new ProvisionError('killed', 'killed');

let cluster: TemporaryCluster;
beforeAll(async () => {
  cluster = await clusterOf(SERVERS[0] ?? 18);
});
afterAll(() => cluster?.stop());

describe.each(ADMINS)('administrator: %s', (admin) => {
  let world: World;
  beforeAll(async () => {
    world = await worldOn(cluster, admin);
    const first = provisionerOf(world);
    expect(await first.check()).toMatchObject({ ok: true });
    await first.end();
  });
  afterAll(() => world?.end());

  /** A grant with everything that makes an end hard: sessions, a prepared transaction, things of its own. */
  async function burdened(grant: DesiredGrant): Promise<void> {
    const client = await login(world, grant);
    await client.query(`BEGIN; SELECT lo_create(0); PREPARE TRANSACTION '${grant.id}'`);
    await client.query('SELECT lo_create(0); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC');
    await client.query('BEGIN; DELETE FROM shop.orders'); // and stays
  }

  const levels = { write: () => grantOn(world.resource, 'write'), lines: () => listing(world) };
  test.runIf(admin === 'createrole').each(['write', 'lines'] as const)(
    'killed between any two messages, in any operation: the next run gets there (%s)',
    async (level) => {
      const mortal = new Mortal(world);
      const principals = provisionerOf(world, mortal);
      for (const when of ['before', 'after'] as const) {
        for (let k = firstOf(), dies = true; dies; k += EVERY) {
          const grant = levels[level]();
          const end = inAnHour();
          dies = false;
          for (const operation of [
            () => principals.prepare(grant),
            () => principals.open(grant, end),
            () => principals.close(refOf(grant)),
          ]) {
            const before = await roleState(world, grant.loginName);
            if (before?.login === true) await burdened(grant);
            mortal.live();
            mortal.dieAt(k, when);
            const outcome = await operation().catch((error: unknown) => error);
            if (outcome instanceof ProvisionError) {
              expect(outcome.code).toBe('killed');
              dies = true;
              mortal.live();
              await operation();
            }
            mortal.live();
          }
          expect(await roleState(world, grant.loginName), `message ${k}, ${when}`).toBeNull();
        }
      }
      expect((await world.root.query('SELECT count(*)::int AS n FROM pg_prepared_xacts')).rows).toEqual([{ n: 0 }]);
      await principals.end();
    },
  );

  test('a close that dies after its first word has shut the door all the same', async () => {
    const mortal = new Mortal(world);
    const principals = provisionerOf(world, mortal);
    for (let k = firstOf(); ; k += EVERY) {
      const grant = grantOn(world.resource, 'write');
      await principals.open(grant, inAnHour());
      const client = await login(world, grant);
      mortal.live();
      mortal.dieAt(k, 'before');
      const closed = await principals.close(refOf(grant)).catch(() => null);
      mortal.live();
      // 1: the look, 2: NOLOGIN; everything later finds it shut.
      if (k > 2) expect((await roleState(world, grant.loginName))?.login ?? false, `message ${k}`).toBe(false);
      await principals.close(refOf(grant));
      await client.end();
      if (closed !== null) break;
    }
    await principals.end();
  });

  test('any history of operations and deaths ends with the principal gone, and never logs in after a close', async () => {
    const mortal = new Mortal(world);
    const principals = provisionerOf(world, mortal);
    const operations = fc.constantFrom('prepare', 'open', 'extend', 'close');
    const step = fc.tuple(operations, fc.integer({ min: 1, max: 12 }), fc.constantFrom('before', 'after'));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('read', 'write', 'own'),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        async (privileges, steps) => {
          const grant = grantOn(world.resource, privileges);
          for (const [operation, k, when] of steps) {
            mortal.live();
            mortal.dieAt(k, when);
            const run = {
              prepare: () => principals.prepare(grant),
              open: () => principals.open(grant, inAnHour()),
              extend: () => principals.open(grant, inAnHour().add({ hours: 1 })),
              close: () => principals.close(refOf(grant)),
            }[operation];
            const outcome = await run().catch((error: unknown) => error);
            mortal.live();
            const state = await roleState(world, grant.loginName);
            if (operation === 'close' && !(outcome instanceof Error)) expect(state).toBeNull();
            if (operation === 'prepare' && !(outcome instanceof Error)) expect(state?.login).toBe(false);
          }
          expect(await principals.close(refOf(grant))).toMatchObject({ gone: true, findings: [] });
          expect(await roleState(world, grant.loginName)).toBeNull();
        },
      ),
      { numRuns: 12 },
    );
    await principals.end();
  });

  test('several reconcilers at once, from nothing: one result', async () => {
    const fresh = await worldOn(cluster, admin, { ownerRole: null });
    const all = [1, 2, 3].map(() => provisionerOf(fresh));
    const grants = (['read', 'write', 'own'] as const).map((privileges) => grantOn(fresh.resource, privileges));
    const end = inAnHour();
    await Promise.all(all.flatMap((one) => [one.check(), ...grants.map((grant) => one.prepare(grant))]));
    await Promise.all(all.flatMap((one) => grants.map((grant) => one.open(grant, end))));
    for (const grant of grants) {
      expect(await roleState(fresh, grant.loginName)).toMatchObject({ login: true, memberships: 1 });
    }
    for (const one of all) expect(await one.check()).toMatchObject({ ok: true });
    await Promise.all(all.flatMap((one) => grants.map((grant) => one.close(refOf(grant)))));
    for (const grant of grants) expect(await roleState(fresh, grant.loginName)).toBeNull();
    for (const one of all) await one.end();
    await fresh.end();
  });

  test('the administrator’s own connections are cut again and again: it gets there', async () => {
    const principals = provisionerOf(world);
    const killer = await clientOf(cluster, cluster.user, cluster.password, 'postgres');
    let killing = true;
    const kills = (async () => {
      let killed = 0;
      while (killing || killed === 0) {
        const { rows } = await killer.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidegate gateway'`,
        );
        killed += rows.length;
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      return killed;
    })();
    const insist = async (work: () => Promise<unknown>) => {
      for (let tries = 0; ; tries += 1) {
        try {
          return await work();
        } catch (error) {
          expect(error).toBeInstanceOf(ProvisionError);
          if (tries === 200) throw error;
          if (tries === 20) killing = false;
        }
      }
    };
    const grant = grantOn(world.resource, 'own');
    await insist(() => principals.prepare(grant));
    await insist(() => principals.open(grant, inAnHour()));
    await insist(() => principals.close(refOf(grant)));
    killing = false;
    expect(await kills).toBeGreaterThan(0);
    expect(await roleState(world, grant.loginName)).toBeNull();
    await killer.end();
    await principals.end();
  });

  const holding = ['', `PREPARE TRANSACTION 'held'`] as const;
  test.runIf(admin === 'createrole').each(holding)(
    'a person who holds the row of their own role keeps no door open %s',
    async (by) => {
      const principals = provisionerOf(world);
      const grant = grantOn(world.resource, 'write');
      await principals.open(grant, inAnHour());
      const client = await login(world, grant);
      await client.query(`BEGIN; ALTER ROLE "${grant.loginName}" PASSWORD 'mine'; ${by}`);
      expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
      await client.end();
      await principals.end();
    },
  );

  test('logins that race the close: none is left when it is done', async () => {
    const principals = provisionerOf(world);
    for (let round = 0; round < 3; round += 1) {
      const grant = grantOn(world.resource, 'read');
      await principals.open(grant, inAnHour());
      let closed = false;
      let entered = 0;
      const knocking = [1, 2, 3].map(async () => {
        while (!closed) {
          const client = await login(world, grant).catch(() => null);
          if (client !== null) entered += 1;
        }
      });
      while (entered < 3) await new Promise((resolve) => setTimeout(resolve, 1));
      const { rows: before } = await world.root.query('SELECT oid FROM pg_roles WHERE rolname = $1', [grant.loginName]);
      expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
      const { rows } = await world.root.query('SELECT pid FROM pg_stat_activity WHERE usesysid = $1', [before[0].oid]);
      closed = true;
      expect(rows).toEqual([]);
      await Promise.all(knocking);
    }
    await principals.end();
  });
});
