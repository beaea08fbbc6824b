/**
 * `npm run tour`: the whole cycle, told step by step, with the commands a person would type and what they answer.
 * On a private instance in a temporary home, or against a running demo.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TidegateError } from '@tidegate/core';
import { z } from 'zod';
import { paint } from '../colour.ts';
import type { Context } from '../context.ts';
import type { Running } from '../start/start.ts';

const command = fileURLToPath(new URL('../../../../bin/tidegate', import.meta.url));

const requested = z.object({ id: z.string(), grant: z.object({ id: z.string() }).nullable() });
const connection = z.object({
  host: z.string(),
  port: z.int(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
  sslmode: z.string(),
  caFile: z.string(),
});

export async function tour(context: Context, url: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-tour-'));
  const guide = new Guide(context, folder);
  let running: Running | null = null;
  try {
    if (url === undefined) {
      guide.title(
        'A Tidegate of its own',
        'Control plane, gateway, store and a sample database, all in a temporary folder.',
      );
      running = await privateInstance(context, folder, guide.password);
      guide.url = running.url;
      context.terminal.out(paint.dim(`  ready at ${running.url}`));
    } else {
      guide.url = url;
      guide.password = context.env.TIDEGATE_DEMO_PASSWORD ?? '';
      if (guide.password === '') {
        throw new TidegateError(
          'invalid_input',
          'TIDEGATE_DEMO_PASSWORD is not set.',
          'Set it to the password of alice, bob and carol.',
        );
      }
    }
    await tell(guide);
  } finally {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function privateInstance(context: Context, folder: string, password: string): Promise<Running> {
  const { start } = await import('../start/start.ts');
  const [api, link, postgres] = await freePorts(3);
  const env = {
    ...context.env,
    TIDEGATE_HOME: join(folder, 'home'),
    TIDEGATE_PORT: String(api),
    TIDEGATE_LINK_PORT: String(link),
    TIDEGATE_POSTGRES_PORT: String(postgres),
    TIDEGATE_DEMO_PASSWORD: password,
  };
  return start({
    demo: true,
    env,
    say: () => undefined,
    progress: () => undefined,
    signal: new AbortController().signal,
  });
}

async function tell(guide: Guide): Promise<void> {
  guide.title('Signing in', 'alice is an engineer, bob leads, carol administers and audits.');
  for (const person of ['alice', 'bob', 'carol']) await guide.login(person);

  guide.title('Nobody is in by default', 'What would it take? The policy says, before anybody asks.');
  await guide.type('alice', ['explain', 'orders', '--role', 'reader']);

  guide.title('alice asks', 'Thirty minutes to read, and why.');
  const asked = requested.parse(
    await guide.ask('alice', [
      'request',
      'orders',
      '--role',
      'reader',
      '--for',
      '30m',
      '--reason',
      'a customer asks for order 4711',
    ]),
  );
  guide.title('Nobody lets themselves in', 'alice tries to agree to her own request.');
  await guide.type('alice', ['approve', asked.id], 1);

  guide.title('bob agrees', 'Now the grant’s clock starts: not when she asked, but when the door can be used.');
  await guide.type('bob', ['approve', asked.id, '--comment', 'go ahead']);
  const [grant] = z.array(z.object({ id: z.string() })).parse(await guide.ask('alice', ['grants']));
  if (grant === undefined) throw new Error('the tour lost its way: there is no grant');

  guide.title('alice is in', 'psql, with everything set: a database user of her own, made for this grant.');
  await guide.type('alice', ['connect', 'orders', '--', '-c', 'SELECT current_user, count(*) AS orders FROM orders']);
  await guide.type('alice', ['connect', 'orders', '--', '-c', 'DELETE FROM orders'], 1);

  guide.title('bob has second thoughts', 'alice’s session is open; a revoke cuts it, and tells her client why.');
  const open = connection.parse(await guide.ask('alice', ['connect', 'orders', '--print']));
  const session = guide.openSession(open);
  await session.opened;
  await guide.type('carol', ['revoke', grant.id, '--reason', 'the customer called back']);
  guide.show(await session.closed);
  await guide.type('alice', ['connect', 'orders'], 1);

  guide.title(
    'Everything is on the record',
    'Written before each statement ran, chained, signed, checked here from an export.',
  );
  await guide.type('carol', ['audit', 'list', '--grant', grant.id, '--limit', '14']);
  await guide.type('carol', ['audit', 'verify']);
  guide.title('That was the tour', 'Start your own: npm start');
}

/** Types commands, shows what they say, and stops the tour when one does not end as it should. */
class Guide {
  url = '';
  password = 'tour password';
  readonly #context: Context;
  readonly #folder: string;
  #step = 0;

  constructor(context: Context, folder: string) {
    this.#context = context;
    this.#folder = folder;
  }

  title(what: string, why: string): void {
    this.#step += 1;
    this.#context.terminal.out(`\n${paint.bold(paint.cyan(`${this.#step}. ${what}`))}\n${paint.dim(why)}`);
  }

  show(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#context.terminal.out(`  ${line}`);
  }

  async login(person: string): Promise<void> {
    await this.#run(
      person,
      ['login', '--url', this.url, '--user', person, '--password-stdin'],
      0,
      `${this.password}\n`,
    );
  }

  async type(person: string, args: readonly string[], code = 0): Promise<void> {
    await this.#run(person, args, code);
  }

  /** Types a command and takes its JSON. */
  async ask(person: string, args: readonly string[]): Promise<unknown> {
    this.#prompt(person, args);
    const { stdout } = await this.#spawn(person, [...withOption(args, '--json')], 0);
    return JSON.parse(stdout);
  }

  /** A psql that sits in a session until it is cut; `closed` is what it said then. */
  openSession(to: z.infer<typeof connection>): { opened: Promise<void>; closed: Promise<string> } {
    this.#context.terminal.out(
      `${paint.green('alice $')} psql   ${paint.dim('# in a second terminal: SELECT pg_sleep(3600)')}`,
    );
    const child = spawn('psql', ['-X', '-q', '-c', '\\echo open', '-c', 'SELECT pg_sleep(3600)'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...this.#context.env,
        PGHOST: to.host,
        PGPORT: String(to.port),
        PGUSER: to.user,
        PGPASSWORD: to.password,
        PGDATABASE: to.database,
        PGSSLMODE: to.sslmode,
        PGSSLROOTCERT: to.caFile,
      },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const opened = once(child.stdout, 'data').then(() => undefined);
    return { opened, closed: once(child, 'close').then(() => said) };
  }

  #prompt(person: string, args: readonly string[]): void {
    const typed = args.map((arg) => (/^[\w./:=@-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ');
    this.#context.terminal.out(`${paint.green(`${person} $`)} tidegate ${typed}`);
  }

  async #run(person: string, args: readonly string[], code: number, input = ''): Promise<void> {
    this.#prompt(person, args);
    const { stdout, stderr } = await this.#spawn(person, args, code, input);
    this.show(stdout + stderr);
  }

  async #spawn(
    person: string,
    args: readonly string[],
    code: number,
    input = '',
  ): Promise<{ stdout: string; stderr: string }> {
    const child = spawn(command, [...args], {
      stdio: 'pipe',
      env: {
        ...this.#context.env,
        XDG_CONFIG_HOME: this.#folder,
        TIDEGATE_PROFILE: person,
        ...(process.stdout.isTTY === true ? { FORCE_COLOR: '1' } : {}),
        PAGER: '',
      },
    });
    child.stdin.end(input);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const [ended] = await once(child, 'close');
    const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()];
    if (ended !== code)
      throw new Error(`tidegate ${args[0] ?? ''} ended with ${String(ended)}, not ${code}:\n${stdout}${stderr}`);
    return { stdout, stderr };
  }
}

/** Options must stand before `--`. */
function withOption(args: readonly string[], option: string): readonly string[] {
  const at = args.indexOf('--');
  return at === -1 ? [...args, option] : [...args.slice(0, at), option, ...args.slice(at)];
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return servers.map((server) => {
    const address = server.address();
    server.close();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
}
