/**
 * A tool on the local port, in MySQL's protocol. It is offered what the gateway offers, so that both agree on the same
 * packets; whatever password it has is not looked at; the ticket is proved to the gateway. From then on bytes pass both
 * ways untouched.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Connection } from '@tidegate/contract';
import { mysql } from '@tidegate/wire';
import { type LocalProtocol, NOT_OURS } from '../engine.ts';
import { GatewayRefusal, type Greeted, greetedBy, logIn } from './gateway-login.ts';
import { Packets } from './packets.ts';

/** ER_HANDSHAKE_ERROR's neighbours are about hosts and packets; this one every tool shows with its text. */
const REFUSED = { number: 1045, state: '28000' };

/** Rejected with, once the tool has been told. */
class Told extends Error {}

export const mysqlLocal: LocalProtocol = {
  async serve(tool, connection, ours) {
    const packets = new Packets(tool, 'client');
    try {
      await join(tool, packets, connection, ours);
    } catch (error) {
      if (tool.destroyed) return;
      packets.send(bodyOf(error));
      tool.end();
      throw new Told(textOf(error), { cause: error });
    }
  },
  refusal: (error) => (error instanceof Told ? Buffer.alloc(0) : mysql.packet(0, bodyOf(error))),
};

async function join(tool: Socket, packets: Packets, connection: Connection, ours: boolean): Promise<void> {
  const greeted = await greetedBy(connection);
  const { socket } = greeted;
  tool.once('close', () => socket.destroySoon());
  try {
    const response = await heard(packets, greeted);
    // Said only now, because a client shows an error best in answer to its own login.
    if (!ours) throw new Error(NOT_OURS);
    const ok = await logIn(greeted, connection, { ...response, database: response.database || connection.database });
    packets.send(...lastWords(response), ok);
    pass(tool, packets, greeted);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Offers the tool what the gateway offers, but TLS: this never leaves the machine. Gives its answer. */
async function heard(packets: Packets, { greeting }: Greeted): Promise<mysql.HandshakeResponse> {
  const capabilities = (greeting.capabilities & ~mysql.Capability.ssl) >>> 0;
  const nonce = mysql.nonceOf(randomBytes(mysql.NONCE_BYTES));
  packets.send(mysql.handshake({ ...greeting, capabilities, nonce }));
  const answer = mysql.readResponse(await packets.receive());
  if (answer.kind === 'ssl') throw new Error('this local port speaks no TLS: turn it off in the tool');
  if (answer.plugin === '' || answer.plugin === greeting.plugin) return answer;
  // A tool that means to use another method waits to be asked by it. One that is not known here is asked by one that is.
  const plugin = KNOWN.has(answer.plugin) ? answer.plugin : mysql.Plugin.native;
  packets.send(mysql.authSwitch(plugin, nonce));
  return { ...answer, plugin, proof: await packets.receive() };
}

const KNOWN: ReadonlySet<string> = new Set([mysql.Plugin.native, mysql.Plugin.cachingSha2]);

/** A tool that has proved a password by this method waits to hear that it was enough. */
const lastWords = ({ plugin, proof }: mysql.HandshakeResponse): Buffer[] =>
  plugin === mysql.Plugin.cachingSha2 && proof.length > 0 ? [mysql.authMore(mysql.CachingSha2.fastDone)] : [];

function pass(tool: Socket, packets: Packets, greeted: Greeted): void {
  const { socket: gateway, early } = greeted.packets.over();
  const { early: asked } = packets.over();
  gateway.on('error', () => gateway.destroy());
  // Only once all is written: the last thing said is why the session was cut.
  gateway.once('close', () => tool.destroySoon());
  tool.once('close', () => gateway.destroySoon());
  tool.write(early);
  gateway.write(asked);
  tool.pipe(gateway);
  gateway.pipe(tool);
}

const bodyOf = (error: unknown): Buffer =>
  error instanceof GatewayRefusal ? error.body : mysql.errorBody({ ...REFUSED, message: textOf(error) });

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
