/** FreeTDS's command line clients. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FreeTdsTarget {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `7.1` to `7.4`. */
  readonly version?: string;
  /** In the configuration: `request`, `require`, `off`. */
  readonly encryption?: string;
  /** A file with the authority's certificate; then the server's is checked. */
  readonly caFile?: string;
}

export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** Runs T-SQL through `tsql`. */
export async function tsql(target: FreeTdsTarget, sql: string): Promise<Ran> {
  const args = ['-S', 'test', '-U', target.user, '-P', target.password, '-D', target.database];
  return await run('tsql', args, target, `${sql}\ngo\nexit\n`);
}

/** Runs T-SQL through `bsqldb`, which is DB-Library. */
export async function bsqldb(target: FreeTdsTarget, sql: string): Promise<Ran> {
  const args = ['-S', 'test', '-U', target.user, '-P', target.password, '-D', target.database, '-t', '|', '-q'];
  return await run('bsqldb', args, target, `${sql}\n`);
}

/** DB-Library's bulk copy, from a file of text into a table. */
export async function freebcp(target: FreeTdsTarget, table: string, text: string): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'freebcp-'));
  const file = join(folder, 'rows.txt');
  await writeFile(file, text);
  try {
    const args = [
      table,
      'in',
      file,
      '-c',
      '-t',
      '|',
      '-S',
      'test',
      '-U',
      target.user,
      '-P',
      target.password,
      '-D',
      target.database,
    ];
    return await run('freebcp', args, target, '');
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(command: string, args: readonly string[], target: FreeTdsTarget, input: string): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'freetds-'));
  const config = join(folder, 'freetds.conf');
  const lines = [
    '[global]',
    'text size = 64512000',
    '[test]',
    'host = localhost',
    `port = ${target.port}`,
    `tds version = ${target.version ?? '7.4'}`,
    `encryption = ${target.encryption ?? 'require'}`,
    'client charset = UTF-8',
    ...(target.caFile === undefined ? [] : [`ca file = ${target.caFile}`, 'check certificate hostname = yes']),
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  try {
    const child = spawn(command, args, { env: { ...process.env, FREETDSCONF: config, LC_ALL: 'C.UTF-8' } });
    const read = (stream: NodeJS.ReadableStream): (() => string) => {
      const parts: string[] = [];
      stream.setEncoding('utf8').on('data', (part: string) => parts.push(part));
      return () => parts.join('');
    };
    const out = read(child.stdout);
    const err = read(child.stderr);
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    return { out: out(), err: err(), code };
  } finally {
    await rm(folder, { recursive: true });
  }
}
