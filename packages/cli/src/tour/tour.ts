/**
 * `npm run tour`: the whole cycle, told step by step, with the commands a person would type and what they answer.
 * On a private instance in a temporary home, or against a running demo. Leaves nothing behind.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TidegateError } from '@tidegate/core';
import { z } from 'zod';
import { paint } from '../colour.ts';
import type { Context } from '../context.ts';
import { columns, wrap } from '../layout.ts';
import { type Running, start } from '../start/start.ts';
import { anAddress, Interrupted, UsageError } from '../usage.ts';
import { Guide } from './guide.ts';

const requests = z.array(z.object({ id: z.string() }));
const request = z.object({ grant: z.object({ id: z.string() }) });

/** @param ended resolves on Ctrl-C: then all that was begun is ended, and this rejects with Interrupted */
export async function tour(context: Context, url: string | undefined, ended: Promise<void>): Promise<void> {
  if (spawnSync('psql', ['--version'], { env: context.env, stdio: 'ignore' }).status !== 0) {
    throw new TidegateError(
      'invalid_input',
      'The tour needs psql, which is not on this machine.',
      'Install it (Debian: postgresql-client).',
    );
  }
  const stop = new AbortController();
  void ended.then(() => stop.abort(new Interrupted('The tour was ended; nothing is left behind.')));
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-tour-'));
  // PostgreSQL, started by root, runs as another user, who has to get to its data.
  chmodSync(folder, 0o711);
  let running: Running | null = null;
  try {
    const place = url === undefined ? null : demoAt(url, context.env);
    if (place === null) running = await privateInstance(context, folder, stop.signal);
    const { signal } = stop;
    const env = withoutOurs(context.env);
    const { out } = context.terminal;
    const to = place ?? { url: running?.url ?? '', password: PASSWORD };
    await tell(new Guide({ ...to, folder, env, out, signal }));
  } catch (error) {
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const PASSWORD = 'tour password';

function demoAt(url: string, env: NodeJS.ProcessEnv): { url: string; password: string } {
  const password = env.TIDEGATE_DEMO_PASSWORD ?? '';
  if (password !== '') return { url: anAddress(url), password };
  throw new UsageError('TIDEGATE_DEMO_PASSWORD is not set.', 'Set it to the password of alice, bob and carol.');
}

/** What this shell says about another Tidegate must not reach ours. */
const withoutOurs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TIDEGATE_|PG)/.test(name)));

async function privateInstance({ env, terminal }: Context, folder: string, signal: AbortSignal): Promise<Running> {
  terminal.out(
    `${paint.bold('A Tidegate of its own')}\n${paint.dim('Control plane, gateway, store and a sample database, in a temporary folder.')}`,
  );
  const progress = terminal.progress('Starting …');
  try {
    return await start({
      demo: true,
      env: {
        ...withoutOurs(env),
        TIDEGATE_HOME: join(folder, 'home'),
        TIDEGATE_PORT: '0',
        TIDEGATE_POSTGRES_PORT: '0',
        TIDEGATE_MYSQL_PORT: '0',
        TIDEGATE_SQLSERVER_PORT: '0',
        TIDEGATE_DEMO_PASSWORD: PASSWORD,
      },
      say: () => undefined,
      progress: progress.say,
      signal,
    });
  } finally {
    progress.end();
  }
}

async function tell(guide: Guide): Promise<void> {
  guide.title('Signing in', 'alice is an engineer, bob leads, carol administers and audits.');
  for (const person of ['alice', 'bob', 'carol']) await guide.login(person);

  guide.title('Nobody is in by default', 'What would it take? The policy says, before anybody asks.');
  await guide.type('alice', ['explain', 'orders', '--role', 'reader']);

  guide.title('alice asks', 'Thirty minutes to read, and why.');
  const reason = 'a customer asks for order 4711';
  await guide.type('alice', ['request', 'orders', '--role', 'reader', '--for', '30m', '--reason', reason]);
  const [asked] = requests.parse(await guide.know('alice', ['requests', '--mine']));
  if (asked === undefined) throw new Error('the tour lost its way: there is no request');

  guide.title('Nobody lets themselves in', 'alice tries to agree to her own request.');
  await guide.type('alice', ['approve', asked.id], 1);

  guide.title('bob agrees', 'Now the grant’s clock starts: not when she asked, but when the door can be used.');
  await guide.type('bob', ['approve', asked.id, '--comment', 'go ahead']);
  const { grant } = request.parse(await guide.know('alice', ['requests', asked.id]));

  guide.title('alice is in', 'psql, with everything set: a database user of her own, made for this grant.');
  const query = 'SELECT current_user, count(*) AS orders FROM orders';
  await guide.type('alice', ['connect', 'orders', '--', '-c', query]);
  await guide.type('alice', ['connect', 'orders', '--', '-c', 'DELETE FROM orders'], 1);

  guide.title('The customer calls back', 'alice’s session is open; a revoke cuts it, and tells her client why.');
  const wait = 'SELECT pg_sleep(3600)';
  const session = guide.open(
    'alice',
    ['connect', 'orders', '--', '-c', wait],
    ['connect', 'orders', '--', '-q', '-c', '\\echo open', '-c', wait],
  );
  await session.opened;
  await guide.type('carol', ['sessions']);
  await guide.type('carol', ['revoke', grant.id, '--reason', 'the customer called back']);
  guide.show(wrap(await session.closed, columns() - 2));
  await guide.type('alice', ['connect', 'orders'], 1);

  guide.title('Everything is on the record', 'Each statement was written down before it ran.');
  await guide.type('carol', ['audit', 'list', '--grant', grant.id, '--limit', '16']);

  guide.title('And the record can be checked', 'An export, its chain and its signatures: what anybody can do offline.');
  await guide.type('carol', ['audit', 'verify']);

  for (const person of ['alice', 'bob', 'carol']) await guide.know(person, ['logout']);
  guide.title('That was the tour', 'Start your own: npm start');
}
