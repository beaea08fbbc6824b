/** haproxy and pgbouncer as one would run them before a PostgreSQL: one process, one thread, quiet logs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant } from './contestant.ts';
import { tree } from './processes.ts';

export interface Behind {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface ProxyOptions {
  readonly folder: string;
  readonly port: number;
  readonly behind: Behind;
  /** PEM files for the client side; null: no TLS. haproxy passes TLS through to the database untouched. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

async function accepting(port: number): Promise<void> {
  const until = Date.now() + 10_000;
  for (;;) {
    const socket = createConnection({ host: '127.0.0.1', port });
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    if (Date.now() > until) throw new Error(`nothing listens on port ${port} after 10 s`);
    await delay(50);
  }
}

async function start(
  name: 'haproxy' | 'pgbouncer',
  command: string,
  args: readonly string[],
  { port, behind }: ProxyOptions,
): Promise<Contestant> {
  // In a session of its own, as a service runs and as `tidegate start` runs its parts: the scheduler shares processors
  // out between sessions first (autogroup, sched(7)), and must not take one contestant for a part of pgbench.
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  await Promise.race([
    accepting(port),
    ended.then(([code]) => {
      throw new Error(`${name} ended with ${String(code)} while starting`);
    }),
  ]);
  const pid = child.pid ?? 0;
  return {
    ...behind,
    name,
    host: '127.0.0.1',
    port,
    pids: () => tree(pid),
    pidsBehind: () => [],
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export async function startHaproxy(options: ProxyOptions): Promise<Contestant> {
  const file = join(options.folder, `haproxy-${options.port}.cfg`);
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 8000
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen postgres
  bind 127.0.0.1:${options.port}
  server database ${options.behind.host}:${options.behind.port}
`,
  );
  return start('haproxy', 'haproxy', ['-db', '-f', file], options);
}

export async function startPgbouncer(options: ProxyOptions): Promise<Contestant> {
  const { folder, port, behind, tls } = options;
  const users = join(folder, `pgbouncer-${port}.users`);
  const file = join(folder, `pgbouncer-${port}.ini`);
  writeFileSync(users, `"${behind.user}" "${behind.password}"\n`);
  writeFileSync(
    file,
    `[databases]
${behind.database} = host=${behind.host} port=${behind.port} dbname=${behind.database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = session
max_client_conn = 4000
default_pool_size = 2100
server_tls_sslmode = disable
log_connections = 0
log_disconnections = 0
ignore_startup_parameters = extra_float_digits
${tls === null ? '' : `client_tls_sslmode = require\nclient_tls_cert_file = ${tls.cert}\nclient_tls_key_file = ${tls.key}\n`}`,
  );
  // pgbouncer refuses to run as root and then reads its files as that other user.
  const asRoot = process.getuid?.() === 0;
  for (const path of [folder, users, file, ...(tls === null ? [] : [tls.cert, tls.key])])
    chmodSync(path, path === folder ? 0o755 : 0o644);
  return start('pgbouncer', 'pgbouncer', [...(asRoot ? ['-u', 'nobody'] : []), '-q', file], options);
}
