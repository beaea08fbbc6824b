/**
 * A tool on the local port, in SQL Server's protocol (TDS 7): told that there is no encryption, since this never leaves
 * the machine; whatever password it has is not looked at; the ticket is proved to the gateway inside TLS. From then on
 * bytes pass both ways untouched.
 */
import type { Socket } from 'node:net';
import { sqlserver } from '@tidegate/wire';
import { type LocalProtocol, NOT_OURS } from '../engine.ts';
import { logIn } from './gateway-login.ts';
import { Messages } from './messages.ts';

const { Encryption, PacketType } = sqlserver;
/** What tools take for a server's version: SQL Server 2019's. */
const VERSION = { major: 15, minor: 0, build: 2000, sub: 0 };
/** SQL Server's own number for a login that failed. */
const LOGIN_FAILED = { number: 18456, state: 1, severity: 14 };

export const sqlserverLocal: LocalProtocol = {
  async serve(tool, connection, ours) {
    const messages = new Messages(tool, 'client');
    const asked = await expect(messages, PacketType.prelogin);
    const prelogin = sqlserver.readPrelogin(asked, 'client');
    messages.send(PacketType.response, sqlserver.preloginAnswer(VERSION, Encryption.notSupported));
    const login = sqlserver.readLogin7(await expect(messages, PacketType.login7));
    // Said only now, because a client shows an error best in answer to its own login.
    if (!ours) throw new Error(NOT_OURS);
    const database = login.database || connection.database;
    const gateway = await logIn(connection, prelogin, { ...login, database });
    pass(tool, gateway, messages.over());
  },
  refusal: (error) => {
    const said = { ...LOGIN_FAILED, message: error instanceof Error ? error.message : String(error) };
    const body = sqlserver.errorResponse(sqlserver.TdsVersion.v74, said);
    return sqlserver.packets(PacketType.response, body);
  },
};

async function expect(messages: Messages, type: number): Promise<Buffer> {
  const message = await messages.receive();
  if (message.type !== type) throw new Error('the tool does not speak TDS 7');
  return message.body;
}

function pass(tool: Socket, gateway: Awaited<ReturnType<typeof logIn>>, early: Buffer): void {
  gateway.on('error', () => gateway.destroy());
  // Only once all is written: the last thing said is why the session was cut.
  gateway.once('close', () => tool.destroySoon());
  tool.once('close', () => gateway.destroy());
  gateway.write(early);
  tool.pipe(gateway);
  gateway.pipe(tool);
}
