/** What the MySQL part of the bench stands on: one MariaDB with sysbench's table, and direct, haproxy and Tidegate before it. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mariadb, removeMariadb, startMariadb } from '@tidegate/embedded';
import mysql from 'mysql2/promise';
import type { Contestant } from './contestant.ts';
import { freePorts } from './ports.ts';
import { type Behind, startHaproxy } from './proxies.ts';
import { settle } from './settle.ts';
import { prepareSysbench } from './sysbench.ts';
import { RunningTidegate } from './tidegate.ts';

const DATABASE = 'sbtest';
const ADMINISTRATOR = 'tidegate_admin';

export class MysqlStage {
  readonly folder: string;
  readonly #server: Mariadb;
  readonly #tidegate: RunningTidegate;
  /** Direct first, Tidegate last. */
  readonly contestants: readonly Contestant[];

  private constructor(folder: string, server: Mariadb, tidegate: RunningTidegate, contestants: readonly Contestant[]) {
    this.folder = folder;
    this.#server = server;
    this.#tidegate = tidegate;
    this.contestants = contestants;
  }

  static async set(): Promise<MysqlStage> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
    chmodSync(folder, 0o755);
    const server = await startMariadb({
      name: 'bench',
      dataDir: join(folder, 'server'),
      databases: [DATABASE],
      listen: { host: '127.0.0.1', port: 0 },
      settings: { innodb_buffer_pool_size: '256M' },
    });
    const password = randomBytes(18).toString('base64url');
    const passwordFile = join(folder, 'administrator');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    await makeUsers(server, password);
    const behind: Behind = {
      host: '127.0.0.1',
      port: server.port ?? 0,
      user: 'bench',
      password,
      database: DATABASE,
    };
    const direct: Contestant = {
      ...behind,
      name: 'direct',
      pids: () => [],
      pidsBehind: () => [],
      stop: async () => undefined,
    };
    await prepareSysbench(direct, folder);
    const [port = 0] = await freePorts(1);
    const haproxy = await startHaproxy({ folder, port, behind, tls: null });
    const tidegate = await RunningTidegate.start(join(folder, 'home'), {
      engine: 'mysql',
      behind: { ...behind, user: ADMINISTRATOR },
      passwordFile,
    });
    const through = tidegate.contestant(await tidegate.access('PT12H'));
    return new MysqlStage(folder, server, tidegate, [direct, haproxy, through]);
  }

  settle(): Promise<void> {
    return settle(this.#tidegate);
  }

  async strike(): Promise<void> {
    await this.#tidegate.stop();
    await Promise.all(this.contestants.map((contestant) => contestant.stop()));
    await this.#server.stop('immediate');
    await removeMariadb(join(this.folder, 'server'));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** sysbench's own user, and the administrator that Tidegate makes principals with. */
async function makeUsers(server: Mariadb, password: string): Promise<void> {
  const root = await mysql.createConnection(server.connection());
  try {
    for (const [user, privileges] of [
      ['bench', `ALL ON ${DATABASE}.*`],
      [ADMINISTRATOR, 'ALL ON *.*'],
    ] as const) {
      await root.query('CREATE USER ?@? IDENTIFIED BY ?', [user, '%', password]);
      await root.query(`GRANT ${privileges} TO ?@? WITH GRANT OPTION`, [user, '%']);
    }
  } finally {
    await root.end();
  }
}
