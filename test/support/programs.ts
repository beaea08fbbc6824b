/** Loads by other people's clients: postgres.js, which sends ahead of the answers; psql and pgbench, as processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { type Door, Load } from './load.ts';

/** Batches sent without waiting for their answers, on one connection. */
export class PostgresJs extends Load {
  readonly #batch = 20;
  readonly #pace = 50;

  protected async connected(): Promise<void> {
    const { host, port, user, password, database } = this.door;
    const sql = postgres({
      host,
      port,
      user,
      password,
      database,
      ssl: false,
      max: 1,
      connect_timeout: 5,
      onnotice: () => undefined,
    });
    try {
      while (await this.mayAsk()) {
        const answers = this.take(this.#batch).map(async (value) => {
          await sql`SELECT ${value}::int AS value`;
          this.acknowledged.push(value);
        });
        // All of them: of a batch that is cut in the middle some are answered, and those count.
        const failed = (await Promise.allSettled(answers)).find(({ status }) => status === 'rejected');
        if (failed?.status === 'rejected') throw failed.reason;
        await delay(this.#pace);
      }
    } finally {
      await sql.end({ timeout: 0 });
    }
  }
}

/** psql as a person's script drives it: the next statement when the line of the one before has come. */
export class Psql extends Load {
  readonly #pace = 50;

  protected async connected(): Promise<void> {
    const child = spawn('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1'], {
      env: environment(this.door),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const ended = end(child);
    child.stdin.on('error', () => undefined); // it ended first: its exit says why
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    while (await this.mayAsk()) {
      const [value] = this.take(1);
      child.stdin.write(`SELECT ${value}::int AS value;\n`);
      const line = await lines.next();
      if (line.done === true) break;
      this.acknowledged.push(Number(line.value));
      await delay(this.#pace);
    }
    child.stdin.end();
    await ended;
  }
}

export type Protocol = 'simple' | 'extended' | 'prepared';
const PROTOCOLS: readonly Protocol[] = ['simple', 'extended', 'prepared'];

/** Runs of pgbench with the one protocol and then the other; what was answered stands in its log. */
export class Pgbench extends Load {
  readonly #clients = 2;
  #runs = 0;

  protected async connected(): Promise<void> {
    const protocol = PROTOCOLS[this.#runs % PROTOCOLS.length] ?? 'simple';
    this.#runs += 1;
    const [from] = this.take(this.#clients * PER_CLIENT);
    const options = { protocol, from: from ?? 0, clients: this.#clients, limit: ['-T', '3', '-R', '60'] };
    const { answered, error } = await pgbench(this.door, options);
    for (const value of answered) this.acknowledged.push(value);
    if (error !== null) throw new Error(error);
  }
}

/** Numbers that one client of one run has for itself. */
const PER_CLIENT = 10_000;

export interface Bench {
  readonly protocol: Protocol;
  readonly from: number;
  readonly clients: number;
  /** `-t N`, or `-T seconds`: when the run ends. */
  readonly limit: readonly string[];
}

/** One run of pgbench: which numbers were answered, as its log tells, and why it failed, null: it did not. */
export async function pgbench(door: Door, { protocol, from, clients, limit }: Bench) {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-pgbench-'));
  try {
    const script = join(folder, 'script.sql');
    writeFileSync(
      script,
      `\\set i :i + 1\n\\set value ${from} + :client_id * ${PER_CLIENT} + :i\nSELECT :value::int AS value;\n`,
    );
    const child = spawn(
      'pgbench',
      [
        '-n',
        '-f',
        script,
        '-M',
        protocol,
        '-c',
        `${clients}`,
        '-D',
        'i=-1',
        '-l',
        '--log-prefix',
        join(folder, 'log'),
        ...limit,
      ],
      { env: environment(door), stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const error = await end(child).then(
      () => null,
      (why: unknown) => (why instanceof Error ? why.message : String(why)),
    );
    return { answered: answeredIn(folder, from), error };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line of the log is a transaction that was answered: `client_id …`; each client asks for its numbers in their order. */
function answeredIn(folder: string, from: number): number[] {
  const seen = new Map<number, number>();
  const logs = readdirSync(folder).filter((name) => name.startsWith('log.'));
  const lines = logs
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '');
  return lines.map((line) => {
    const client = Number(line.split(' ')[0]);
    const index = seen.get(client) ?? 0;
    seen.set(client, index + 1);
    return from + client * PER_CLIENT + index;
  });
}

/** @throws what it said on stderr when it failed */
async function end(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${child.spawnfile} ended with ${code ?? signal}: ${said.trim()}`);
}

/** The password never stands in a command line. */
const environment = ({ host, port, user, password, database }: Door): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  PGHOST: host,
  PGPORT: `${port}`,
  PGUSER: user,
  PGPASSWORD: password,
  PGDATABASE: database,
  PGSSLMODE: 'disable',
  PGCONNECT_TIMEOUT: '5',
});
