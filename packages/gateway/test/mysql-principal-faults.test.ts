/** Killed anywhere, at work twice, or hindered by the person themselves: it always converges, and closed means closed. */
import type { DesiredGrant } from '@tidegate/contract';
import { type TemporaryMariadb, temporaryMariadb } from '@tidegate/embedded/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { finishHandovers, handOver } from '../src/engines/mysql/principal/handover.ts';
import { account } from '../src/engines/mysql/principal/quote.ts';
import { type Administrator, Connections } from '../src/engines/mysql/principal/sessions.ts';
import { thingsOf } from '../src/engines/mysql/principal/things.ts';
import { kindOf, type Mark, ProvisionError } from '../src/engines/provisioner.ts';
import {
  accountState,
  isLocked,
  login,
  provisionerOf,
  switchTime,
  type World,
  worldOn,
} from './mysql-principal-support.ts';
import { contextOf, grantOn, inAnHour, refOf } from './principal-support.ts';
import { EVERY, firstOf } from './support/every.ts';

/** Dies at the nth message to the server: before it is sent, or when it was done and nobody heard. */
class Mortal implements Administrator {
  readonly #connections: Connections;
  #left = Number.POSITIVE_INFINITY;
  #when: 'before' | 'after' = 'before';

  constructor(world: World) {
    this.#connections = new Connections(contextOf(world.resource));
  }

  dieAt(message: number, when: 'before' | 'after'): void {
    this.#left = message;
    this.#when = when;
  }

  live(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  use: Administrator['use'] = (database, work) =>
    this.#connections.use(database, (session) =>
      work({
        server: session.server,
        rows: (shape, text, values) => this.#message(() => session.rows(shape, text, values)),
        run: (statements, values) => this.#each(statements, (text) => session.run([text], values)),
        runSecret: (statements) => this.#each(statements, (text) => session.runSecret([text])),
      }),
    );

  async #each(statements: readonly string[], send: (text: string) => Promise<void>): Promise<void> {
    for (const text of statements) await this.#message(() => send(text));
  }

  async #message<T>(send: () => Promise<T>): Promise<T> {
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

let server: TemporaryMariadb;
let world: World;
beforeAll(async () => {
  server = await temporaryMariadb();
  world = await worldOn(server, 'plain');
  const first = provisionerOf(world);
  expect(await first.check()).toMatchObject({ ok: true });
  await first.end();
});
afterAll(async () => {
  await world?.end();
  await server?.stop();
});

/** A grant with everything that makes an end hard: a session in a transaction, and things that run in its name. */
async function burdened(grant: DesiredGrant): Promise<void> {
  const client = await login(world, grant);
  if (kindOf(grant.role) === 'own') {
    const made = [
      'CREATE OR REPLACE VIEW v AS SELECT 1 AS one',
      'CREATE OR REPLACE FUNCTION f() RETURNS INT RETURN 7',
      'CREATE OR REPLACE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.item = CONCAT(NEW.item, "!")',
      'CREATE OR REPLACE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1',
    ];
    for (const text of made) await client.query(text);
  }
  await client.query('BEGIN');
  await client.query('DELETE FROM orders'); // and stays
}

async function foreign(): Promise<unknown[]> {
  const [place = ''] = world.resource.databases;
  const rows = await world.ask(
    `SELECT DEFINER AS d FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ?
     UNION ALL SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?
     UNION ALL SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?
     UNION ALL SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?`,
    [place, place, place, place],
  );
  return rows.map(({ d }) => d);
}

test.each(['write', 'own'] as const)(
  'killed between any two messages, in any operation of %s: the next run gets there',
  { timeout: 180_000 },
  async (privileges) => {
    const mortal = new Mortal(world);
    const principals = provisionerOf(world, mortal);
    for (const when of ['before', 'after'] as const) {
      for (let k = firstOf(), dies = true; dies; k += EVERY) {
        const grant = grantOn(world.resource, privileges);
        const end = inAnHour();
        dies = false;
        for (const operation of [
          () => principals.prepare(grant),
          () => principals.open(grant, end),
          () => principals.close(refOf(grant)),
        ]) {
          const before = await accountState(world, grant.loginName);
          if (before?.locked === false) await burdened(grant);
          mortal.live();
          mortal.dieAt(k, when);
          const outcome = await operation().catch((error: unknown) => error);
          mortal.live();
          if (!(outcome instanceof ProvisionError)) continue;
          expect(outcome.code).toBe('killed');
          dies = true;
          // Whatever there is of it is found with no store at all.
          const state = await accountState(world, grant.loginName);
          if (state !== null) expect((await principals.leftovers(new Set())).map(grantIn)).toContain(grant.id);
          // An open door has an end of its own, whoever dies.
          if (state?.locked === false) expect(await switchTime(world, grant.loginName)).not.toBeNull();
          await operation();
        }
        expect(await accountState(world, grant.loginName), `message ${k}, ${when}`).toBeNull();
        expect(await switchTime(world, grant.loginName)).toBeNull();
        expect(await principals.leftovers(new Set())).toEqual([]);
        if (privileges === 'own') {
          expect(await foreign()).toEqual(Array(4).fill(`tidegate_${world.resource.name}_owner@%`));
          expect(await world.ask('SELECT f() AS n')).toEqual([{ n: 7 }]);
        }
      }
    }
    expect(await world.ask('SELECT COUNT(*) AS n FROM orders')).toEqual([{ n: 10 }]);
    await principals.end();
  },
);
const grantIn = ({ grant }: Mark) => grant;

test('a close that dies after its first words has shut the door all the same', async () => {
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
    // 1 to 4: the look; 5: ACCOUNT LOCK; everything later finds it shut.
    if (k > 5) expect((await accountState(world, grant.loginName))?.locked ?? true, `message ${k}`).toBe(true);
    await principals.close(refOf(grant));
    await client.end().catch(() => undefined);
    if (closed !== null) {
      expect(k).toBeGreaterThan(6);
      break;
    }
  }
  await principals.end();
});

test('any history of operations and deaths ends with the principal gone, and never logs in after a close', async () => {
  const mortal = new Mortal(world);
  const principals = provisionerOf(world, mortal);
  const operations = fc.constantFrom('prepare', 'open', 'extend', 'close');
  const step = fc.tuple(operations, fc.integer({ min: 1, max: 20 }), fc.constantFrom('before', 'after'));
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
          const state = await accountState(world, grant.loginName);
          if (operation === 'close' && !(outcome instanceof Error)) expect(state).toBeNull();
          if (operation === 'prepare' && !(outcome instanceof Error)) expect(state?.locked).toBe(true);
        }
        expect(await principals.close(refOf(grant))).toMatchObject({ gone: true, findings: [] });
        expect(await accountState(world, grant.loginName)).toBeNull();
      },
    ),
    { numRuns: 12 },
  );
  await principals.end();
});

test('several reconcilers at once, from nothing: one result', async () => {
  await using own = await temporaryMariadb();
  const fresh = await worldOn(own, 'plain');
  const all = [1, 2, 3].map(() => provisionerOf(fresh));
  const grants = (['read', 'write', 'own'] as const).map((privileges) => grantOn(fresh.resource, privileges));
  const end = inAnHour();
  await Promise.all(all.flatMap((one) => [one.check(), ...grants.map((grant) => one.prepare(grant))]));
  await Promise.all(all.flatMap((one) => grants.map((grant) => one.open(grant, end))));
  for (const grant of grants) {
    expect(await accountState(fresh, grant.loginName)).toMatchObject({ locked: false });
    expect(await switchTime(fresh, grant.loginName)).not.toBeNull();
  }
  for (const one of all) expect(await one.check()).toMatchObject({ ok: true });
  await Promise.all(all.flatMap((one) => grants.map((grant) => one.close(refOf(grant)))));
  for (const grant of grants) expect(await accountState(fresh, grant.loginName)).toBeNull();
  for (const one of all) await one.end();
  await fresh.end();
});

test('the administrator’s own connections are cut again and again: it gets there', async () => {
  const principals = provisionerOf(world);
  let killing = true;
  const kills = (async () => {
    let done = 0;
    while (killing || done === 0) {
      const rows = await world.ask('SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ?', [
        world.resource.credential.user,
      ]);
      for (const { id } of rows) {
        const gone = await world.root.query(`KILL ${String(id)}`).catch(() => null); // it may have ended meanwhile
        if (gone !== null) done += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return done;
  })();
  const insist = async (work: () => Promise<unknown>) => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        expect(error).toBeInstanceOf(ProvisionError);
        if (tries === 300) throw error;
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
  expect(await accountState(world, grant.loginName)).toBeNull();
  await principals.end();
});

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
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
    // Whoever still knocks is seen by name too, but is not in.
    const inside = "SELECT ID, COMMAND FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND <> 'Connect'";
    const rows = await world.ask(inside, [grant.loginName]);
    closed = true;
    expect(rows).toEqual([]);
    await Promise.all(knocking);
  }
  await principals.end();
});

test('an idle connection that the server ended is not used again', async () => {
  const principals = provisionerOf(world);
  const grant = grantOn(world.resource, 'read');
  await principals.open(grant, inAnHour());
  await world.root.query(
    `KILL ${String((await world.ask(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${world.resource.credential.user}' LIMIT 1`))[0]?.id)}`,
  );
  expect(await principals.check().then(() => principals.check())).toMatchObject({ ok: true });
  expect(await isLocked(login(world, grant))).toBe(false);
  expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
  await principals.end();
});

test('as on MySQL, where routines and triggers must be dropped and made again: killed anywhere, none is lost', {
  timeout: 180_000,
}, async () => {
  const mortal = new Mortal(world);
  // The same server, taken for one that replaces nothing in one step.
  const administrator: Administrator = {
    use: (database, work) =>
      mortal.use(database, (session) => work({ ...session, server: { ...session.server, flavour: 'mysql' } })),
    end: () => mortal.end(),
  };
  const principals = provisionerOf(world);
  const [place = ''] = world.resource.databases;
  const heir = account(`tidegate_${world.resource.name}_owner`);
  await world.root.query('DROP TRIGGER IF EXISTS t');
  for (let k = firstOf(), dies = true; dies; k += EVERY) {
    const grant = grantOn(world.resource, 'own');
    await principals.open(grant, inAnHour());
    const client = await login(world, grant);
    await client.query('CREATE OR REPLACE PROCEDURE pro(OUT n INT) SET n = 5');
    for (const [name, letter] of [
      ['t1', 'a'],
      ['t2', 'b'],
      ['t3', 'c'],
    ]) {
      await client.query(
        `CREATE OR REPLACE TRIGGER ${name} BEFORE INSERT ON orders FOR EACH ROW SET NEW.item = CONCAT(NEW.item, '${letter}')`,
      );
    }
    await client.end();
    await world.root.query(`GRANT EXECUTE ON PROCEDURE pro TO ${account(world.resource.credential.user)}`);
    const handover = { administrator, loginName: grant.loginName, heir };
    const all = async () => {
      await finishHandovers(handover);
      const things = await mortal.use(null, (session) => thingsOf(session, grant.loginName, place));
      for (const each of things) await handOver(handover, each);
    };
    mortal.dieAt(k, 'before');
    dies = await all().then(
      () => false,
      () => true,
    );
    mortal.live();
    await all();
    expect(new Set(await foreign()), `message ${k}`).toEqual(new Set([`tidegate_${world.resource.name}_owner@%`]));
    const triggers = await world.ask(
      'SELECT TRIGGER_NAME AS n FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? ORDER BY ACTION_ORDER',
      [place],
    );
    expect(triggers, `message ${k}`).toEqual([{ n: 't1' }, { n: 't2' }, { n: 't3' }]);
    expect(await world.ask("SELECT User AS u FROM mysql.procs_priv WHERE Routine_name = 'pro'")).toContainEqual({
      u: world.resource.credential.user,
    });
    expect(await world.ask('SELECT * FROM tidegate.handovers')).toEqual([]);
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true, findings: [] });
  }
  await administrator.end();
  await principals.end();
});
