/**
 * A server's side of a login, scripted, for what MariaDB does not do: MySQL's caching_sha2_password and others. It knows
 * one password, prepares what it is told to, and answers every other command behind the login with OK.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { mysql } from '@tidegate/wire';

const { Capability, CachingSha2, Plugin } = mysql;

export interface ScriptedServer {
  readonly port: number;
  readonly logins: mysql.HandshakeResponse[];
  /** What was said in plain text, as it came. */
  readonly plain: string[];
  /** Texts of the commands. */
  readonly commands: string[];
  close(): void;
}

export interface Script {
  /** Said in its first packet. */
  readonly plugin?: string;
  /** The account's own method, if it is another. */
  readonly asks?: string;
  /** The password is not in its cache: caching_sha2_password wants it whole. */
  readonly cold?: boolean;
  readonly capabilities?: number;
  readonly version?: string;
  readonly tls?: { readonly key: string; readonly certificate: string };
  /** In place of its first packet. */
  readonly first?: Buffer;
}

const OK = { affectedRows: 0, lastInsertId: 0, status: mysql.Status.autocommit, warnings: 0 };

export async function scriptedServer(password: () => string, script: Script = {}): Promise<ScriptedServer> {
  const [logins, plain, commands]: [mysql.HandshakeResponse[], string[], string[]] = [[], [], []];
  const listener = net.createServer((socket) => {
    void converse(socket, password(), script, { logins, plain, commands }).catch(() => socket.destroy());
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, logins, plain, commands, close: () => listener.close() };
}

type Heard = Pick<ScriptedServer, 'logins' | 'plain' | 'commands'>;

async function converse(raw: net.Socket, password: string, script: Script, heard: Heard): Promise<void> {
  const { plugin = Plugin.cachingSha2, asks = plugin, cold = false, version = '8.0.36' } = script;
  let socket: net.Socket = raw;
  socket.on('error', () => {});
  let reader = new mysql.LoginPackets('client');
  let sequence = 0;
  let wake = () => {};
  const listen = () =>
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      wake();
    });
  const hear = async (): Promise<Buffer> => {
    for (;;) {
      const packet = reader.packet();
      if (packet !== null) {
        sequence = packet.sequence + 1;
        return packet.body;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
  };
  const say = (body: Buffer) => {
    socket.write(mysql.packet(sequence, body));
    sequence += 1;
  };
  listen();
  if (script.first !== undefined) {
    say(script.first);
    return;
  }
  const nonce = mysql.nonceOf(randomBytes(20));
  const flags = (script.capabilities ?? 0xdfffffff) & (script.tls === undefined ? ~Capability.ssl : -1);
  const hello = { version, connection: 4711, nonce, collation: 45, status: 2, plugin, mariadbCapabilities: 0 };
  say(mysql.handshake({ ...hello, capabilities: flags >>> 0 }));
  let answer = mysql.readResponse(await hear());
  if (answer.kind === 'ssl' && script.tls !== undefined) {
    socket.removeAllListeners('data');
    socket.pause();
    const rest = reader.rest();
    if (rest.length > 0) socket.unshift(rest);
    reader = new mysql.LoginPackets('client');
    socket = new tls.TLSSocket(raw, { isServer: true, key: script.tls.key, cert: script.tls.certificate });
    socket.on('error', () => {});
    listen();
    answer = mysql.readResponse(await hear());
  }
  if (answer.kind !== 'response') throw new Error('no response');
  heard.logins.push(answer);
  let { proof } = answer;
  let asked = nonce;
  if (asks !== answer.plugin) {
    asked = mysql.nonceOf(randomBytes(20));
    say(mysql.authSwitch(asks, asked));
    proof = await hear();
  }
  let right = false;
  if (asks === Plugin.clear) {
    heard.plain.push(mysql.readPlainPassword(proof) ?? '');
    right = heard.plain.at(-1) === password;
  } else if (asks === Plugin.native) {
    right = mysql.judgeNative(proof, asked, [mysql.nativeVerifier(password)]).accepted;
  } else if (cold) {
    say(mysql.authMore(CachingSha2.fullWanted));
    heard.plain.push(mysql.readPlainPassword(await hear()) ?? '');
    right = heard.plain.at(-1) === password;
  } else {
    right = mysql.judgeSha2(proof, asked, [mysql.sha2Verifier(password)]).accepted;
    if (right) say(mysql.authMore(CachingSha2.fastDone));
  }
  if (!right) {
    say(mysql.errorBody({ number: 1045, state: '28000', message: `Access denied for user at '127.0.0.1'` }));
    return;
  }
  say(mysql.okBody(OK, answer.capabilities));
  for (;;) {
    const command = await hear();
    heard.commands.push(command.toString('utf8', 1));
    if (command[0] === mysql.Command.prepare) {
      for (const body of prepared(command.toString('utf8', 1), answer.capabilities)) say(body);
    } else {
      say(mysql.okBody(OK, answer.capabilities));
    }
  }
}

/** COM_STMT_PREPARE_OK for statement 1, and a definition for each `?`. */
function* prepared(text: string, capabilities: number): Generator<Buffer> {
  const parameters = text.split('?').length - 1;
  const ok = Buffer.alloc(12);
  ok.writeUInt32LE(1, 1);
  ok.writeUInt16LE(parameters, 7);
  yield ok;
  const names = ['def', '', '', '', '?', ''].map((name) => Buffer.concat([Buffer.of(name.length), Buffer.from(name)]));
  const fixed = Buffer.from('0c3f0000000000fd8000000000', 'hex');
  for (let i = 0; i < parameters; i++) yield Buffer.concat([...names, fixed]);
  if (parameters > 0 && !mysql.has(capabilities, Capability.deprecateEof)) yield Buffer.of(0xfe, 0, 0, 2, 0);
}
