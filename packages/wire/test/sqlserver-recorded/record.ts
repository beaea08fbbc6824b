/**
 * Records the sessions in this folder anew: real clients against the suite's TDS server. Not a test: run by hand, where
 * FreeTDS's clients are on the PATH.
 *
 *   node packages/wire/test/sqlserver-recorded/record.ts [output folder]
 */
import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { administrator, startShop } from '../../../../test/tds-server/support.ts';
import { sqlserver } from '../../src/index.ts';
import type { Chunk } from '../support/recording.ts';
import { SQLSERVER_RECORDED, writtenSqlServer } from '../support/sqlserver-recording.ts';
import { scenarios } from './scenarios.ts';

const shop = await startShop(null);

interface Tape {
  version: number;
  readonly chunks: Chunk[];
}

let tape: Tape = { version: 0, chunks: [] };

/** Passes on what comes, and keeps what comes after the login. */
function record(client: Socket): void {
  const server = connect(shop.port, '127.0.0.1');
  const mine: Tape = { version: 0, chunks: [] };
  const asked = new sqlserver.MessageReader('client');
  const told = new sqlserver.MessageReader('server');
  let loggingIn = false;
  let inside = false;
  client.on('data', (bytes: Buffer) => {
    if (inside) mine.chunks.push({ from: 'client', bytes });
    else {
      asked.push(bytes);
      for (let message = asked.message(); message !== null; message = asked.message()) {
        if (message.type !== sqlserver.PacketType.login7) continue;
        loggingIn = true;
        mine.version = sqlserver.readLogin7(message.body).version;
      }
    }
    server.write(bytes);
  });
  server.on('data', (bytes: Buffer) => {
    if (inside) mine.chunks.push({ from: 'server', bytes });
    else {
      told.push(bytes);
      for (let message = told.message(); message !== null; message = told.message()) {
        if (!loggingIn) continue;
        for (const token of sqlserver.readLoginResponse(message.body, mine.version))
          if (token.kind === 'loginAck') mine.version = token.version;
        inside = true;
        tape = mine;
      }
    }
    client.write(bytes);
  });
  const over = (): void => {
    client.destroy();
    server.destroy();
  };
  for (const socket of [client, server]) socket.on('close', over).on('error', over);
}

const proxy = createServer(record);
proxy.listen(0, '127.0.0.1');
await once(proxy, 'listening');
const { port } = proxy.address() as AddressInfo;

const folder = process.argv[2] ?? SQLSERVER_RECORDED;
for (const [name, play] of Object.entries(scenarios)) {
  await play(administrator(port));
  const { version, chunks } = tape;
  writeFileSync(`${folder}/${name}.hex`, writtenSqlServer({ start: { version }, chunks }));
  console.log(`${name}: ${chunks.length} chunks`);
}
proxy.close();
await shop.close();
