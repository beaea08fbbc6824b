/**
 * As faults.test.ts, for MySQL (a MariaDB) and SQL Server (the TDS server of the tests): each part killed with -9 under
 * load, and the database itself; nothing acknowledged is lost from the record, no principal is left.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, type Connection, createClient } from '@tidegate/contract';
import type { Mariadb } from '@tidegate/embedded';
import { startMariadb } from '@tidegate/embedded';
import { freePorts, type TemporaryMariadb, temporaryMariadb } from '@tidegate/embedded/testing';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authority } from '../packages/gateway/test/principal-certificates.ts';
import { Mysql2, Tedious } from './support/engine-loads.ts';
import type { Load } from './support/load.ts';
import { patiently } from './support/people.ts';
import { killPart, PARTS, type Part, pidsOf } from './support/processes.ts';
import { recorded } from './support/record.ts';
import { DEMO_PASSWORD, Tidegate } from './support/tidegate.ts';
import { TdsServer } from './tds-server/index.ts';

const BACK_WITHIN_MS = 60_000;
const SA = { name: 'sa', password: 'Sa-password-1' };

describe('kill -9 under load', () => {
  let market: TemporaryMariadb;
  let again: Mariadb | null = null;
  let stock: TdsServer;
  let tidegate: Tidegate;
  let alice: Client;
  let carol: Client;
  const doors = new Map<string, Connection>();
  const loads: Load[] = [];

  beforeAll(async () => {
    const ca = await authority('database authority');
    const { pem, key } = await ca.issue('db.example');
    market = await temporaryMariadb({
      listen: { host: '127.0.0.1', port: 0 },
      databases: ['market'],
      settings: { event_scheduler: 'ON' },
    });
    stock = await TdsServer.start({ logins: [SA], databases: { stock: [] }, tls: { key, certificate: pem } });
    // The same after each start of the gateway: clients come back to where they were.
    const [mysqlPort, sqlserverPort] = await freePorts(2);
    const env = { TIDEGATE_MYSQL_PORT: String(mysqlPort), TIDEGATE_SQLSERVER_PORT: String(sqlserverPort) };
    tidegate = await Tidegate.start({ args: ['--no-demo'], env });
    const file = (name: string, password: string): string => {
      const path = join(tidegate.home, name);
      writeFileSync(path, password);
      return path;
    };
    const config = {
      apiVersion: 'tidegate/v1',
      resources: [
        {
          name: 'market',
          engine: 'mysql',
          address: `${market.socketPath}:3306`,
          databases: ['market'],
          credential: { user: market.user, file: file('market-password', market.password) },
        },
        {
          name: 'stock',
          engine: 'sqlserver',
          address: `127.0.0.1:${stock.port}`,
          databases: ['stock'],
          credential: { user: SA.name, file: file('stock-password', SA.password) },
          tls: { mode: 'verify-full', ca: ca.pem, serverName: 'db.example' },
        },
      ],
      policies: [
        {
          name: 'at once',
          resources: { all: true },
          roles: ['reader'],
          who: { people: ['alice'] },
          reason: { required: false },
          approvals: [],
        },
      ],
    };
    const anonymous = createClient({ url: tidegate.url });
    const token = tidegate.lines.map((line) => /#token=(\S+)/.exec(line)?.[1]).find((found) => found !== undefined);
    const people = [
      { name: 'alice', password: DEMO_PASSWORD, groups: [] },
      { name: 'carol', password: DEMO_PASSWORD, groups: ['administrators', 'auditors'] },
    ];
    // JSON is YAML.
    await anonymous.setup({ token: token ?? '', people, config: JSON.stringify(config) });
    const as = async (user: string) =>
      anonymous.withToken((await anonymous.login({ user, password: DEMO_PASSWORD })).token);
    [alice, carol] = await Promise.all([as('alice'), as('carol')]);
    for (const resource of ['market', 'stock']) doors.set(resource, await letIn(resource, 'PT30M'));
    loads.push(new Mysql2(door('market'), 1_000_000), new Tedious(door('stock'), 2_000_000, door('stock').ca));
    for (const load of loads) await load.start().progress(50);
  });

  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    await tidegate?.[Symbol.asyncDispose]();
    await stock?.close();
    await again?.stop('immediate');
    await market?.stop();
  });

  function door(resource: string): Connection {
    const found = doors.get(resource);
    if (found === undefined) throw new Error(`nobody is in at ${resource}`);
    return found;
  }

  async function letIn(resource: string, duration: string): Promise<Connection> {
    const { grant } = await alice.createRequest({ resource, role: 'reader', duration, reason: 'test' });
    return patiently(() => alice.connect({ resource, grant: grant?.id }), BACK_WITHIN_MS);
  }

  /** The whole again: a ticket is handed out once a gateway knows it. */
  async function whole(): Promise<void> {
    for (const [resource, { grant }] of doors) {
      const { ticket } = await patiently(() => alice.connect({ resource, grant }), BACK_WITHIN_MS);
      await patiently(() => alice.revokeTicket({ id: grant, ticket }), BACK_WITHIN_MS);
    }
  }

  function kill(part: Part): number[] {
    const pids = killPart(tidegate.process.pid ?? 0, part);
    expect(pids.length, `${part} was running`).toBeGreaterThan(0);
    return pids;
  }

  test.each(PARTS)('the %s comes back, and the loads go on', async (part) => {
    const before = kill(part);
    await expect
      .poll(() => pidsOf(tidegate.process.pid ?? 0, part).filter((pid) => !before.includes(pid)).length)
      .toBeGreaterThan(0);
    for (const load of loads) await load.progress(50);
    await whole();
  });

  test('a database comes back, and the loads go on', async () => {
    stock.dropConnections();
    process.kill(market.pid, 'SIGKILL');
    await market.crashed;
    again = await startMariadb({ name: 'test', dataDir: market.dataDir, settings: { event_scheduler: 'ON' } });
    for (const load of loads) await load.progress(50);
    for (const { cuts } of loads) expect(cuts).toBeGreaterThan(0);
    await whole();
  });

  test('a grant that ends while the gateway is dead lets nobody in, and its principal goes', async () => {
    const short = await Promise.all(['market', 'stock'].map((resource) => letIn(resource, 'PT10S')));
    kill('gateway');
    await expect.poll(() => Date.now() > Math.max(...short.map(({ expiresAt }) => Date.parse(expiresAt)))).toBe(true);
    const [atMarket = '', atStock = ''] = short.map(({ user }) => user);
    const root = await mysql.createConnection((again ?? market).connection());
    const left = async () => {
      const [accounts] = await root.query('SELECT user FROM mysql.user WHERE user = ?', [atMarket]);
      const text = `SELECT name FROM sys.database_principals WHERE name = N'${atStock}'`;
      return [...(Array.isArray(accounts) ? accounts : []), ...(await stock.query('stock', text))];
    };
    await expect.poll(left, { timeout: BACK_WITHIN_MS }).toEqual([]);
    await root.end();
    for (const each of short) {
      const client = each.engine === 'mysql' ? new Mysql2(each, 8_000_000) : new Tedious(each, 9_000_000, each.ca);
      client.start();
      await expect.poll(() => client.lastError).toMatch(/login failed/i);
      await client.stop();
      expect(client.acknowledged).toEqual([]);
    }
  });

  test('everything that was answered is on record, and the record verifies', async () => {
    await Promise.all(loads.map((load) => load.stop()));
    const acknowledged = loads.flatMap((load) => load.acknowledged);
    expect(acknowledged.length).toBeGreaterThan(500);
    const missing = async (): Promise<number> => {
      const { verification, asked } = await recorded(carol);
      expect(verification).toMatchObject({ ok: true, failure: null });
      return acknowledged.filter((value) => !asked.has(value)).length;
    };
    await expect.poll(missing, { timeout: BACK_WITHIN_MS, interval: 1_000 }).toBe(0);
  });
});
