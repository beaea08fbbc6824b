/** A whole Tidegate in a home of its own, driven as a person would: `npm start`'s command and the CLI, as child processes. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@tidegate/embedded/testing';
import { z } from 'zod';
import { beginHome } from './homes.ts';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const DEMO_PASSWORD = 'correct horse battery';
/** The run's compiled code, where it keeps any: else each home compiles all of Tidegate again (`bin/tidegate`). */
const { NODE_COMPILE_CACHE } = process.env;
const COMPILED: NodeJS.ProcessEnv = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** Run as this account instead of our own (only root can). */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface StartOptions {
  /** A home used before; a new one where left out. */
  readonly home?: string;
  /** The new home is empty, for a test of the first start itself; otherwise its databases are there (`homes.ts`). */
  readonly first?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
  readonly account?: Account;
  /** The checkout to run; another one when the account cannot enter this. */
  readonly checkout?: string;
}

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Tidegate implements AsyncDisposable {
  readonly home: string;
  readonly url: string;
  readonly postgresPort: number;
  readonly process: ChildProcess;
  /** Everything `start` has said so far. */
  readonly lines: string[];
  readonly #options: StartOptions;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(
    options: StartOptions,
    env: NodeJS.ProcessEnv,
    process: ChildProcess,
    lines: string[],
    url: string,
  ) {
    this.#options = options;
    this.#env = env;
    this.process = process;
    this.lines = lines;
    this.url = url;
    this.home = env.TIDEGATE_HOME ?? '';
    this.postgresPort = Number(env.TIDEGATE_POSTGRES_PORT);
  }

  /** Starts and waits for the line that begins with `ready`. @throws with all it said when it ends before that */
  static async start(options: StartOptions = {}): Promise<Tidegate> {
    const home = options.home ?? mkdtempSync(join(tmpdir(), 'tidegate-e2e-'));
    chmodSync(home, 0o711);
    if (options.account !== undefined) chownSync(home, options.account.uid, options.account.gid);
    if (options.home === undefined && options.first !== true) {
      await beginHome(join(home, 'tidegate'), options.args?.includes('--no-demo') !== true, options.account);
    }
    const [api, link, postgres] = await freePorts(3);
    const env: NodeJS.ProcessEnv = {
      PATH: process.env.PATH,
      HOME: home,
      LANG: 'C.UTF-8',
      TIDEGATE_HOME: join(home, 'tidegate'),
      TIDEGATE_PORT: String(api),
      TIDEGATE_LINK_PORT: String(link),
      TIDEGATE_POSTGRES_PORT: String(postgres),
      TIDEGATE_MYSQL_PORT: '0',
      TIDEGATE_SQLSERVER_PORT: '0',
      TIDEGATE_DEMO_PASSWORD: DEMO_PASSWORD,
      ...(options.account === undefined ? COMPILED : {}),
      ...options.env,
    };
    const child = spawn(join(options.checkout ?? root, 'bin/tidegate'), ['start', ...(options.args ?? [])], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options.account,
    });
    const lines: string[] = [];
    const ready = new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line);
          const url = /^ready\s+(\S+)/.exec(line)?.[1];
          if (url !== undefined) resolve(url);
        });
      }
      child.once('exit', (code, signal) =>
        reject(new Error(`start ended with ${code ?? signal}:\n${lines.join('\n')}`)),
      );
      child.once('error', reject);
    });
    return new Tidegate(options, env, child, lines, await ready);
  }

  /** Runs `tidegate …` under a person's own profile; the CLI keeps its profiles in this instance's folder. */
  async cli(profile: string, args: readonly string[], input = ''): Promise<Said> {
    const child = this.spawn(profile, args);
    child.stdin.end(input);
    const text = async (stream: NodeJS.ReadableStream): Promise<string> => {
      let all = '';
      for await (const chunk of stream) all += String(chunk);
      return all;
    };
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: typeof code === 'number' ? code : -1, stdout, stderr };
  }

  /** As `cli`, for one that goes on: the caller ends it. */
  spawn(profile: string, args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn(join(this.#options.checkout ?? root, 'bin/tidegate'), [...args], {
      env: { ...this.#env, TIDEGATE_PROFILE: profile },
      stdio: 'pipe',
      ...this.#options.account,
    });
  }

  /** As `cli`, for one that must succeed: its one JSON value. */
  async json(profile: string, args: readonly string[], input = ''): Promise<unknown> {
    const said = await this.cli(profile, [...args, '--json'], input);
    if (said.code !== 0) throw new Error(`tidegate ${args.join(' ')} ended with ${said.code}: ${said.stderr}`);
    return JSON.parse(said.stdout);
  }

  async login(person: string): Promise<void> {
    const said = await this.cli(
      person,
      ['login', '--url', this.url, '--user', person, '--password-stdin'],
      `${DEMO_PASSWORD}\n`,
    );
    if (said.code !== 0) throw new Error(`login of ${person} ended with ${said.code}: ${said.stderr}`);
  }

  /** SIGTERM, and waits until it is gone. */
  async stop(): Promise<number | null> {
    if (this.process.exitCode !== null) return this.process.exitCode;
    const gone = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    const [code] = await gone;
    return typeof code === 'number' ? code : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#options.home === undefined) rmSync(dirname(this.home), { recursive: true, force: true });
  }
}

/** What `connect --print --json` answers. */
export const connection = z.object({
  host: z.string(),
  port: z.int(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
  uri: z.string(),
  caFile: z.string(),
  sslmode: z.string(),
  grant: z.string(),
  ticket: z.string(),
  expiresAt: z.string(),
});
export type Way = z.infer<typeof connection>;

/** libpq's environment for a way in; the password never stands in a command line. */
export function libpq(way: Way): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    PGHOST: way.host,
    PGPORT: String(way.port),
    PGUSER: way.user,
    PGPASSWORD: way.password,
    PGDATABASE: way.database,
    PGSSLMODE: way.sslmode,
    PGSSLROOTCERT: way.caFile,
    PGCONNECT_TIMEOUT: '20',
  };
}

/** Runs one SQL text with psql; fields unaligned, no header. As another account where one is given. */
export async function psql(way: Way, sql: string, account?: Account): Promise<Said> {
  const child = spawn('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
    env: libpq(way),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : -1, stdout: stdout.trimEnd(), stderr };
}

/** An account that is not root and can be looked up, for running as an ordinary user. */
export function ordinaryAccount(): Account {
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'daemon'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}
