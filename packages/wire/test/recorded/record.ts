/**
 * Records the sessions in this folder anew, from a real PostgreSQL with real clients. Not a test: run by hand, with
 * PGBIN naming a folder with initdb, postgres, psql and pgbench, as a user that PostgreSQL doesn't refuse (not root).
 *
 *   PGBIN=/usr/lib/postgresql/15/bin node packages/wire/test/recorded/record.ts [output folder]
 */
import type { Buffer } from 'node:buffer';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HandshakeReader } from '../../src/postgres/reader.ts';
import { startupMessage } from '../../src/postgres/startup.ts';
import { type Chunk, RECORDED, written } from '../support/recording.ts';
import { scenarios } from './scenarios.ts';

const bin = process.env.PGBIN ?? '/usr/lib/postgresql/15/bin';
const folder = mkdtempSync(join(tmpdir(), 'wire-record-'));
const data = join(folder, 'data');
const backend = join(folder, 'backend');
const front = join(folder, 'front');
for (const path of [backend, front]) mkdirSync(path);
execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'wire', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], {
  stdio: 'ignore',
});
const postgres = spawn(
  join(bin, 'postgres'),
  ['-D', data, '-k', backend, '-c', 'listen_addresses=', '-c', 'fsync=off'],
  {
    stdio: 'ignore',
  },
);

async function connected(path: string): Promise<Socket> {
  const socket = connect(join(path, '.s.PGSQL.5432'));
  await once(socket, 'connect');
  return socket;
}

async function untilUp(): Promise<void> {
  for (;;) {
    try {
      execFileSync(join(bin, 'psql'), ['-h', backend, '-U', 'wire', 'postgres', '-c', 'select 1'], { stdio: 'ignore' });
      return;
    } catch (error) {
      if (postgres.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What passes between the clients of one scenario and the server after login; of several sessions the last. */
let tape: Chunk[] = [];

const proxy = createServer((clientSide) => {
  const serverSide = connect(join(backend, '.s.PGSQL.5432'));
  const session: Chunk[] = [];
  const login = new HandshakeReader('server', 1 << 20);
  let ready = false;
  clientSide.on('data', (bytes: Buffer) => {
    if (ready) session.push({ from: 'client', bytes });
    serverSide.write(bytes);
  });
  serverSide.on('data', (bytes: Buffer) => {
    clientSide.write(bytes);
    if (ready) {
      session.push({ from: 'server', bytes });
      return;
    }
    login.push(bytes);
    for (let message = login.message(); message !== null; message = login.message()) {
      if (message.type === 0x5a) ready = true;
    }
    if (ready) tape = session;
  });
  clientSide.on('end', () => serverSide.end()).on('error', () => serverSide.destroy());
  serverSide.on('end', () => clientSide.end()).on('error', () => clientSide.destroy());
});

await untilUp();
await once(proxy.listen(join(front, '.s.PGSQL.5432')), 'listening');
try {
  for (const [name, play] of Object.entries(scenarios)) {
    await play({
      bin,
      host: front,
      async raw() {
        const socket = await connected(front);
        socket.write(startupMessage('wire', 'postgres', new Map()));
        return socket;
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    writeFileSync(join(process.argv[2] ?? RECORDED, `${name}.hex`), written(tape));
    console.log(`${name}: ${tape.length} chunks`);
  }
} finally {
  proxy.close();
  postgres.kill('SIGINT');
  await once(postgres, 'exit');
  rmSync(folder, { recursive: true });
}
