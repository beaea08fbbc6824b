/** One client, from its first byte: PRELOGIN, TLS, LOGIN7, then requests until it goes. */
import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { type Admitted, acknowledged, admit, admitFederated, agreedPacketSize, agreedVersion } from './login/login.ts';
import type { TdsServerOptions } from './options.ts';
import { RequestLoop } from './requests/loop.ts';
import { SqlError } from './sql/errors.ts';
import { type Instance, loginFailed } from './sql/instance.ts';
import { COLLATION } from './types/type-info.ts';
import { type Login7, parseFederatedToken, parseLogin7 } from './wire/login7.ts';
import { DEFAULT_PACKET, type Message, MessageReader, PacketType } from './wire/packets.ts';
import { Encryption, type Prelogin, parsePrelogin, preloginAnswer } from './wire/prelogin.ts';
import { Malformed } from './wire/reader.ts';
import { Reply } from './wire/reply.ts';
import { tlsInPrelogin } from './wire/tls-in-prelogin.ts';
import { Tokens } from './wire/tokens.ts';

/** A LOGIN7 is never longer (2.2.6.4), and nothing else comes before a login. */
const LOGIN_LIMIT = 128 * 1024;
const REQUEST_LIMIT = 64 * 1024 * 1024;
const TLS_HANDSHAKE = 0x16;

/** What tests look at afterwards. */
export interface Witness {
  prelogin(prelogin: Prelogin): void;
  login(login: Login7, agreed: { readonly tdsVersion: number; readonly packetSize: number }): void;
  message(message: Message): void;
  protocol(error: Error): void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #instance: Instance;
  readonly #options: TdsServerOptions;
  readonly #witness: Witness;
  /** What is spoken over now: the socket, and later TLS on it. */
  #stream: Duplex;
  #reader = new MessageReader(LOGIN_LIMIT);
  #strict = false;
  #prelogin: Prelogin | null = null;
  #nonce: Buffer | null = null;
  #federatedRequired = false;
  #waiting: Login7 | null = null;
  #loop: RequestLoop | null = null;
  readonly #spid: number;

  constructor(socket: Socket, instance: Instance, options: TdsServerOptions, witness: Witness) {
    this.#socket = socket;
    this.#stream = socket;
    this.#instance = instance;
    this.#options = options;
    this.#witness = witness;
    this.#spid = instance.nextSpid();
    socket.setNoDelay(true);
    socket.once('data', (chunk: Buffer) => this.#first(chunk));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#loop?.close());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The first byte tells TDS 8.0, where TLS comes first, from the versions before it. */
  #first(chunk: Buffer): void {
    if (chunk[0] !== TLS_HANDSHAKE) {
      if (this.#options.strictOnly === true) {
        this.destroy();
        return;
      }
      this.#readFrom(this.#socket);
      this.#received(chunk);
      return;
    }
    if (this.#options.tls === null) {
      this.destroy();
      return;
    }
    this.#strict = true;
    this.#socket.pause();
    this.#socket.unshift(chunk);
    this.#secure(this.#socket, 'TLSv1.3', ['tds/8.0']);
  }

  #secure(under: Duplex, maxVersion: 'TLSv1.2' | 'TLSv1.3', protocols: string[]): void {
    const { tls: pem } = this.#options;
    if (pem === null) throw new Error('no certificate');
    const secure = new tls.TLSSocket(under, {
      isServer: true,
      secureContext: tls.createSecureContext({
        key: pem.key,
        cert: pem.certificate,
        minVersion: 'TLSv1.2',
        maxVersion,
      }),
      ALPNProtocols: protocols,
    });
    secure.on('error', (error) => this.#failed(error));
    secure.on('close', () => this.destroy());
    this.#reader = new MessageReader(LOGIN_LIMIT);
    this.#readFrom(secure);
  }

  #readFrom(stream: Duplex): void {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#received(chunk));
    stream.on('end', () => stream.end());
  }

  #received(chunk: Buffer): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#message(message);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#failed(error);
    }
  }

  #failed(error: Error): void {
    this.#witness.protocol(error);
    this.destroy();
  }

  #message(message: Message): void {
    if (this.#loop !== null) {
      this.#witness.message(message);
      this.#loop.message(message);
    } else if (message.type === PacketType.prelogin && this.#prelogin === null) this.#answerPrelogin(message.payload);
    else if (message.type === PacketType.login7 && this.#waiting === null) this.#login(parseLogin7(message.payload));
    else if (message.type === PacketType.federatedToken && this.#waiting !== null) {
      const { token, nonce } = parseFederatedToken(message.payload);
      this.#admit(this.#waiting, () => this.#federated(this.#waiting, { token, nonce }));
    } else throw new Malformed(`a message of type ${message.type} before the login`);
  }

  #answerPrelogin(payload: Buffer): void {
    const prelogin = parsePrelogin(payload);
    this.#prelogin = prelogin;
    this.#witness.prelogin(prelogin);
    const { federation } = this.#options;
    if (prelogin.nonce !== null) this.#nonce = randomBytes(32);
    this.#federatedRequired = prelogin.federatedRequired === true && federation !== undefined;
    const encrypts = !this.#strict && this.#options.tls !== null;
    const reply = new Reply(this.#stream, DEFAULT_PACKET, this.#spid);
    reply.write(
      preloginAnswer({
        encryption: encrypts
          ? prelogin.encryption === Encryption.on
            ? Encryption.on
            : Encryption.required
          : Encryption.notSupported,
        federatedRequired: prelogin.federatedRequired === null ? null : this.#federatedRequired,
        nonce: this.#nonce,
      }),
    );
    reply.end();
    if (!encrypts) return;
    // A client that can't encrypt ends the connection itself, or says something that is no TLS.
    this.#socket.removeAllListeners('data');
    this.#secure(tlsInPrelogin(this.#socket, this.#reader.leftover()), 'TLSv1.2', []);
  }

  #login(login: Login7): void {
    if (this.#prelogin === null && this.#options.tls !== null) throw new Malformed('a LOGIN7 without encryption');
    const { federation } = this.#options;
    const agreed = {
      tdsVersion: agreedVersion(login),
      packetSize: agreedPacketSize(login, this.#options),
    };
    this.#witness.login(login, agreed);
    if (login.federated === null) {
      this.#admit(login, () => admit(this.#instance, login));
      return;
    }
    // 3.3.5.5: whether the client says so too shows whether somebody between has changed the PRELOGIN.
    if (federation === undefined || login.federated.echo !== this.#federatedRequired) {
      this.#admit(login, () => {
        throw loginFailed('', 132);
      });
      return;
    }
    const { token, nonce } = login.federated;
    if (token !== null) {
      this.#admit(login, () => this.#federated(login, { token, nonce }));
      return;
    }
    this.#waiting = login;
    const reply = new Reply(this.#stream, DEFAULT_PACKET, this.#spid);
    reply.write(
      new Tokens(agreed.tdsVersion, this.#instance.name).federatedInfo(federation.stsUrl, federation.audience),
    );
    reply.end();
  }

  #federated(login: Login7 | null, given: { token: string; nonce: Buffer | null }): Admitted {
    const { federation } = this.#options;
    if (login === null || federation === undefined) throw loginFailed('', 132);
    return admitFederated(this.#instance, federation, login, given, this.#nonce);
  }

  #admit(login: Login7, decide: () => Admitted): void {
    const tdsVersion = agreedVersion(login);
    const packetSize = agreedPacketSize(login, this.#options);
    const tokens = new Tokens(tdsVersion, this.#instance.name);
    const reply = new Reply(this.#stream, DEFAULT_PACKET, this.#spid);
    try {
      const admitted = decide();
      const route = this.#options.route?.(login.database) ?? null;
      if (route === null) this.#welcome(login, admitted, reply, tokens, { tdsVersion, packetSize });
      else {
        reply.write(tokens.loginAck());
        reply.write(tokens.featureAck(acknowledged(login, this.#prelogin?.nonce ?? null)));
        reply.write(tokens.routing(route.host, route.port));
        reply.write(tokens.done('done', {}));
        reply.end();
      }
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      reply.write(tokens.notice(error.notice));
      if (error.number === 4060) reply.write(tokens.notice(loginFailed(login.userName, 1).notice));
      reply.write(tokens.done('done', { error: true }));
      reply.end();
      this.#stream.end();
    }
  }

  #welcome(
    login: Login7,
    { principal, database }: Admitted,
    reply: Reply,
    tokens: Tokens,
    agreed: { tdsVersion: number; packetSize: number },
  ): void {
    this.#reader = new MessageReader(REQUEST_LIMIT);
    this.#loop = new RequestLoop({
      stream: this.#stream,
      instance: this.#instance,
      database,
      principal,
      tokens,
      packetSize: agreed.packetSize,
      facts: {
        spid: this.#spid,
        hostName: login.hostName,
        application: login.application,
        address: this.#socket.remoteAddress ?? '',
        tdsVersion: agreed.tdsVersion,
      },
      kill: () => this.destroy(),
    });
    reply.write(tokens.textChange(1, database.name, 'master'));
    reply.write(
      tokens.notice({
        number: 5701,
        state: 2,
        severity: 0,
        message: `Changed database context to '${database.name}'.`,
      }),
    );
    reply.write(tokens.byteChange(7, COLLATION, new Uint8Array()));
    reply.write(tokens.textChange(2, 'us_english', ''));
    reply.write(
      tokens.notice({ number: 5703, state: 1, severity: 0, message: 'Changed language setting to us_english.' }),
    );
    reply.write(tokens.loginAck());
    if (agreed.packetSize !== DEFAULT_PACKET || login.packetSize !== agreed.packetSize) {
      reply.write(tokens.textChange(4, String(agreed.packetSize), String(DEFAULT_PACKET)));
    }
    const features = acknowledged(login, this.#prelogin?.nonce ?? null);
    if (features.length > 0) reply.write(tokens.featureAck(features));
    reply.write(tokens.done('done', {}));
    reply.end();
  }
}
