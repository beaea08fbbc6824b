/**
 * What the SQL Server part of the bench stands on: the TDS server of the tests, which is no SQL Server, and direct, haproxy
 * and Tidegate before it. TLS all the way: LOGIN7 says the password as good as bare, so the gateway hears it no other way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { certificate } from './certificate.ts';
import type { Contestant } from './contestant.ts';
import { freePorts } from './ports.ts';
import { type Behind, startHaproxy } from './proxies.ts';
import { settle } from './settle.ts';
import { ADMINISTRATOR, DATABASE } from './tds-facts.ts';
import { RunningTidegate } from './tidegate.ts';

const SERVER = fileURLToPath(new URL('tds-server.ts', import.meta.url));

export class SqlServerStage {
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #tidegate: RunningTidegate;
  /** Direct first, Tidegate last. */
  readonly contestants: readonly Contestant[];

  private constructor(
    folder: string,
    server: ChildProcess,
    tidegate: RunningTidegate,
    contestants: readonly Contestant[],
  ) {
    this.#folder = folder;
    this.#server = server;
    this.#tidegate = tidegate;
    this.contestants = contestants;
  }

  static async set(): Promise<SqlServerStage> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
    chmodSync(folder, 0o755);
    const files = await certificate(folder);
    // Of three kinds, as SQL Server wants passwords.
    const password = `Tg1.${randomBytes(18).toString('base64url')}`;
    const passwordFile = join(folder, 'administrator');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    const server = spawn(process.execPath, [SERVER, files.cert, files.key], { stdio: ['pipe', 'pipe', 'inherit'] });
    server.stdin.write(`${password}\n`);
    const [line] = await once(createInterface({ input: server.stdout }), 'line');
    const behind: Behind = {
      host: '127.0.0.1',
      port: Number(line),
      user: ADMINISTRATOR,
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
    const [port = 0] = await freePorts(1);
    const haproxy = await startHaproxy({ folder, port, behind, tls: null });
    const tidegate = await RunningTidegate.start(join(folder, 'home'), {
      engine: 'sqlserver',
      behind,
      passwordFile,
      tls: { mode: 'verify-ca', ca: readFileSync(files.cert, 'utf8') },
    });
    const through = tidegate.contestant(await tidegate.access('PT12H'));
    return new SqlServerStage(folder, server, tidegate, [direct, haproxy, through]);
  }

  settle(): Promise<void> {
    return settle(this.#tidegate);
  }

  async strike(): Promise<void> {
    await this.#tidegate.stop();
    await Promise.all(this.contestants.map((contestant) => contestant.stop()));
    const gone = once(this.#server, 'exit');
    this.#server.kill();
    await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
