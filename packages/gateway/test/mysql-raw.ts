/** A MySQL client without manners: says exactly the bytes it is told to, and reads whole packets. */
import { mysql } from '@tidegate/wire';
import { DATABASE } from './mysql-support.ts';
import { RawClient } from './relay-raw.ts';
import type { TestGrant, TestRelay } from './relay-support.ts';

const { Capability, Plugin } = mysql;

export interface RawMysqlLogin {
  readonly user: string;
  /** Proved by `plugin`, unless `proof` is given. */
  readonly password: string;
  readonly database?: string;
  readonly plugin?: string;
  readonly proof?: Buffer;
  readonly secure?: boolean;
  /** Beside those of every login. */
  readonly capabilities?: number;
}

/** What such a client can, beside what it is told to. */
const CAN =
  Capability.longPassword |
  Capability.protocol41 |
  Capability.transactions |
  Capability.secureConnection |
  Capability.multiStatements |
  Capability.multiResults |
  Capability.pluginAuth |
  Capability.connectWithDatabase |
  Capability.pluginAuthLengthEncoded;

export class RawMysql extends RawClient {
  /** The number of the next packet, whoever sends it. */
  sequence = 0;
  hello: mysql.Handshake | null = null;

  /** The next packet; null when the connection closes before. */
  async packet(): Promise<{ sequence: number; body: Buffer } | null> {
    const header = await this.bytes(4);
    if (header.length < 4) return null;
    const body = await this.bytes(header.readUIntLE(0, 3));
    const sequence = header.readUInt8(3);
    this.sequence = sequence + 1;
    return { sequence, body };
  }

  async body(): Promise<Buffer> {
    const packet = await this.packet();
    if (packet === null) throw new Error('closed');
    return packet.body;
  }

  say(body: Buffer): void {
    this.send(mysql.packet(this.sequence, body));
    this.sequence += 1;
  }

  /** A command: numbered from 0. */
  command(command: number, text: string | Buffer = ''): void {
    this.sequence = 0;
    this.say(Buffer.concat([Buffer.of(command), Buffer.from(text)]));
  }

  query(text: string): void {
    this.command(mysql.Command.query, text);
  }

  async greeted(): Promise<mysql.Handshake> {
    this.hello ??= mysql.readHandshake(await this.body());
    return this.hello;
  }

  /** Up to the proof; what comes of it is for the caller to read. */
  async prove(login: RawMysqlLogin): Promise<void> {
    const { nonce } = await this.greeted();
    const { user, password, database = DATABASE, plugin = Plugin.cachingSha2, secure = false } = login;
    const flags = secure ? CAN | Capability.ssl : CAN;
    const capabilities = (flags | (login.capabilities ?? 0)) >>> 0;
    const prefix = { capabilities, mariadbCapabilities: 0, maxPacket: 2 ** 24, collation: 45 };
    if (secure) {
      this.say(mysql.sslRequest(prefix));
      await this.startTls();
    }
    const proof = login.proof ?? proofBy(plugin, password, nonce);
    this.say(mysql.handshakeResponse({ ...prefix, user, proof, database, plugin, attributes: new Map() }));
  }

  /** The error that comes, whatever comes before it. */
  async failure(): Promise<mysql.ErrorFields & { sequence: number }> {
    for (;;) {
      const packet = await this.packet();
      if (packet === null) throw new Error('closed without an error');
      if (packet.body[0] === 0xff) return { ...mysql.readError(packet.body), sequence: packet.sequence };
    }
  }
}

export function proofBy(plugin: string, password: string, nonce: Buffer): Buffer {
  if (plugin === Plugin.clear) return mysql.plainPassword(password);
  return plugin === Plugin.cachingSha2 ? mysql.sha2Proof(password, nonce) : mysql.nativeProof(password, nonce);
}

/** A client that is logged in and ready, after the fast way of caching_sha2_password. */
export async function rawMysqlSession(
  relay: TestRelay,
  grant: TestGrant,
  login: Partial<RawMysqlLogin> = {},
): Promise<RawMysql> {
  const client = new RawMysql(relay.port);
  await client.prove({ user: grant.user, password: grant.passwords[0] ?? '', ...login });
  for (;;) {
    const body = await client.body();
    if (body[0] === 0) return client;
    if (body[0] === 0xff) throw new Error(`refused: ${JSON.stringify(mysql.readError(body))}`);
  }
}
