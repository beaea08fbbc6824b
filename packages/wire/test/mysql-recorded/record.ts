/**
 * Records the sessions in this folder anew, from a real MariaDB with real clients. Not a test: run by hand, where
 * mariadbd, mariadb-install-db and mariadb are on the PATH.
 *
 *   node packages/wire/test/mysql-recorded/record.ts [output folder]
 */
import { Buffer } from 'node:buffer';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { MYSQL_RECORDED, writtenMysql } from '../support/mysql-recording.ts';
import type { Chunk } from '../support/recording.ts';
import { scenarios } from './scenarios.ts';

const folder = mkdtempSync(join(tmpdir(), 'wire-mysql-'));
const data = join(folder, 'data');
const backend = join(folder, 'backend.sock');
const front = join(folder, 'front.sock');
const { username } = userInfo();
execFileSync(
  'mariadb-install-db',
  [
    '--no-defaults',
    `--datadir=${data}`,
    `--user=${username}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ],
  { stdio: 'ignore' },
);
const mariadbd = spawn(
  'mariadbd',
  [
    '--no-defaults',
    `--datadir=${data}`,
    `--user=${username}`,
    `--socket=${backend}`,
    '--skip-networking',
    '--local-infile=1',
    '--innodb-flush-log-at-trx-commit=0',
    '--progress-report-time=1',
  ],
  { stdio: 'ignore' },
);

async function untilUp(): Promise<void> {
  for (;;) {
    try {
      execFileSync('mariadb', ['--no-defaults', '-uroot', `-S${backend}`, '-e', 'create database if not exists wire'], {
        stdio: 'ignore',
      });
      return;
    } catch (error) {
      if (mariadbd.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

interface Tape {
  capabilities: number;
  mariadbCapabilities: number;
  chunks: Chunk[];
}

/** What passes between the clients of one scenario and the server after login; of several sessions the last. */
let tape: Tape | null = null;

/** Splits what comes before the session into packets. */
class Packets {
  #waiting: Buffer = Buffer.alloc(0);
  take(bytes: Buffer): Buffer[] {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    const packets: Buffer[] = [];
    while (this.#waiting.length >= 4 && this.#waiting.length >= 4 + this.#waiting.readUIntLE(0, 3)) {
      const end = 4 + this.#waiting.readUIntLE(0, 3);
      packets.push(this.#waiting.subarray(4, end));
      this.#waiting = this.#waiting.subarray(end);
    }
    return packets;
  }
}

/** Flags in the server's greeting (Protocol::HandshakeV10), MariaDB's own behind the shared ones. */
function greeted(greeting: Buffer): { flags: number; own: number } {
  const at = greeting.indexOf(0, 1) + 1 + 4 + 8 + 1;
  const flags = greeting.readUInt16LE(at) + greeting.readUInt16LE(at + 5) * 65_536;
  return { flags, own: greeting.readUInt32LE(at + 14) };
}

const proxy = createServer((clientSide) => {
  const serverSide = connect(backend);
  const session: Tape = { capabilities: 0, mariadbCapabilities: 0, chunks: [] };
  const fromServer = new Packets();
  const fromClient = new Packets();
  let greeting: ReturnType<typeof greeted> | null = null;
  let answered = false;
  let ready = false;
  clientSide.on('data', (bytes: Buffer) => {
    if (ready) session.chunks.push({ from: 'client', bytes });
    serverSide.write(bytes);
    if (ready || answered) return;
    for (const packet of fromClient.take(bytes)) {
      const flags = packet.readUInt32LE(0);
      session.capabilities = (flags & (greeting?.flags ?? 0)) >>> 0;
      session.mariadbCapabilities = (flags & 1) === 1 ? 0 : (packet.readUInt32LE(28) & (greeting?.own ?? 0)) >>> 0;
      answered = true;
      break;
    }
  });
  serverSide.on('data', (bytes: Buffer) => {
    clientSide.write(bytes);
    if (ready) {
      session.chunks.push({ from: 'server', bytes });
      return;
    }
    for (const packet of fromServer.take(bytes)) {
      if (greeting === null) greeting = greeted(packet);
      else if (packet[0] === 0) ready = true;
    }
    if (ready) tape = session;
  });
  clientSide.on('end', () => serverSide.end()).on('error', () => serverSide.destroy());
  serverSide.on('end', () => clientSide.end()).on('error', () => clientSide.destroy());
});

await untilUp();
await once(proxy.listen(front), 'listening');
try {
  for (const [name, play] of Object.entries(scenarios)) {
    tape = null;
    await play({ socket: front, folder });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const taped: Tape | null = tape as Tape | null;
    if (taped === null) throw new Error(`${name} did not log in`);
    const { chunks, ...agreed } = taped;
    const file = join(process.argv[2] ?? MYSQL_RECORDED, `${name}.hex`);
    writeFileSync(file, writtenMysql({ agreed: { ...agreed, flavour: 'mariadb' }, chunks }));
    console.log(`${name}: ${chunks.length} chunks`);
  }
} finally {
  proxy.close();
  mariadbd.kill('SIGTERM');
  await once(mariadbd, 'exit');
  rmSync(folder, { recursive: true });
}
