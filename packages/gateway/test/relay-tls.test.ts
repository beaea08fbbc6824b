/** TLS on the relay's sockets, whichever runtime's: it begins in the middle of a connection, and is a socket like any other. */
import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectSocket, listenForSockets, PRESSURE_BYTES, type RelaySocket } from '../src/relay/sockets.ts';
import { acceptTls, type ClientTls, connectTls, type ServerTls, serverTls } from '../src/relay/tls.ts';
import { authority } from './principal-certificates.ts';

const nothing = Buffer.alloc(0);
/** Node's OpenSSL speaks what is old with these alone; Bun's BoringSSL has no such words, and none to leave out. */
const OLD_CIPHERS = process.versions.bun === undefined ? { ciphers: 'ALL:@SECLEVEL=0' } : {};
const BIG = Buffer.alloc(8 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz');
/** Than the kernel holds on its way, and a detour. */
const MORE_THAN_HELD = Buffer.alloc(64 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz');

let ca: Awaited<ReturnType<typeof authority>>;
let pem: { readonly pem: string; readonly key: string };
let server: ServerTls;
beforeAll(async () => {
  ca = await authority('an authority');
  pem = await ca.issue('db.example');
  server = serverTls({ key: pem.key, certificate: pem.pem });
});

const faults: unknown[] = [];
const noted = (error: unknown) => void faults.push(error);
process.on('uncaughtException', noted);
afterAll(() => {
  process.off('uncaughtException', noted);
  expect(faults).toEqual([]);
});

/** What a reader is told, and a wait for each of it. */
class Heard {
  readonly socket: RelaySocket;
  #bytes: Buffer[] = [];
  length = 0;
  ended = false;
  closedWith: Error | null | undefined = undefined;
  #waiting: (() => void)[] = [];
  drains = 0;

  constructor(socket: RelaySocket) {
    this.socket = socket;
    socket.readBy({
      chunk: (bytes, length) => {
        this.#bytes.push(Buffer.from(bytes.subarray(0, length)));
        this.length += length;
        this.#tell();
      },
      ended: () => {
        this.ended = true;
        this.#tell();
      },
      drained: () => {
        this.drains += 1;
        this.#tell();
      },
      closed: (error) => {
        this.closedWith = error;
        this.#tell();
      },
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#bytes);
  }

  async until(holds: (heard: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #tell(): void {
    for (const each of this.#waiting.splice(0)) each();
  }
}

/** Connections to a port of the relay's, in turn. */
async function listening() {
  const came: RelaySocket[] = [];
  let overs = 0;
  const waiting: ((socket: RelaySocket) => void)[] = [];
  const listener = await listenForSockets({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    failed: (error) => {
      throw error;
    },
    accepted: (socket) => {
      const next = waiting.shift();
      if (next === undefined) came.push(socket);
      else next(socket);
      return () => {
        overs += 1;
      };
    },
  });
  onTestFinished(() => listener.close());
  const next = () => {
    const socket = came.shift();
    return socket === undefined
      ? new Promise<RelaySocket>((resolve) => waiting.push(resolve))
      : Promise.resolve(socket);
  };
  return { port: listener.port, next, overs: () => overs };
}

/** All that comes until the end. Iterating a stream would destroy it there, and its other half may go on. */
async function collected(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

/** A port that leads to that one; what comes first may be kept for a while. */
async function detour(port: number, first: (hello: Buffer, onward: net.Socket) => Promise<void>) {
  const taken = Promise.withResolvers<net.Socket>();
  const front = net.createServer((side) => {
    const onward = net.connect(port, '127.0.0.1');
    for (const each of [side, onward]) each.on('error', () => {});
    onward.pipe(side);
    side.once('data', (hello: Buffer) => {
      side.pause();
      void first(hello, onward).then(() => {
        side.pipe(onward);
        taken.resolve(onward);
      });
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void front.close());
  const address = front.address();
  if (typeof address !== 'object' || address === null) throw new Error('a port has an address');
  return { port: address.port, onward: taken.promise };
}

/** A client inside TLS, and the relay's end of it, read from. */
async function inside() {
  const { port, next, overs } = await listening();
  const way = await detour(port, async (hello, onward) => void onward.write(hello));
  const raw = net.connect({ port: way.port, host: '127.0.0.1', allowHalfOpen: true });
  const client = tls.connect({ socket: raw, ca: ca.pem, servername: 'db.example' });
  client.on('error', () => {});
  onTestFinished(() => void client.destroy());
  const { socket } = await acceptTls(await next(), server, [], nothing);
  return { client, overs, heard: new Heard(socket), onward: await way.onward };
}

describe('towards a client', () => {
  it('is taken up after what was said without it, and both sides can end', async () => {
    const { port, next } = await listening();
    const raw = net.connect(port, '127.0.0.1', () => raw.write('may I?'));
    const bare = await next();
    const asked = new Heard(bare);
    await asked.until(({ length }) => length === 6);
    bare.write(Buffer.from('S'));
    expect((await once(raw, 'data'))[0].toString()).toBe('S');
    const client = tls.connect({ socket: raw, ca: ca.pem, servername: 'db.example', ALPNProtocols: ['tidegate'] });
    const { socket, protocol } = await acceptTls(bare, server, ['tidegate'], nothing);
    expect(protocol).toBe('tidegate');
    expect(socket.remoteAddress).toBe('127.0.0.1');
    const heard = new Heard(socket);
    client.write('hello');
    await heard.until(({ length }) => length === 5);
    expect(heard.bytes.toString()).toBe('hello');
    expect(asked.bytes.toString()).toBe('may I?');
    const all = collected(client);
    client.end();
    await heard.until(({ ended }) => ended);
    socket.write(Buffer.from('good bye'));
    socket.end();
    expect((await all).toString()).toBe('good bye');
    await heard.until(({ closedWith }) => closedWith === null);
  });

  it.each([1, 100, 10_000])(
    'begins with what was read of its first message already: %i bytes at most',
    async (many) => {
      const { port, next } = await listening();
      const goOn = Promise.withResolvers<void>();
      const way = await detour(port, async (hello, onward) => {
        onward.write(hello.subarray(0, many));
        await goOn.promise;
        onward.write(hello.subarray(many));
      });
      const client = tls.connect({ port: way.port, host: '127.0.0.1', ca: ca.pem, servername: 'db.example' });
      onTestFinished(() => void client.destroy());
      const bare = await next();
      const first = new Heard(bare);
      await first.until(({ length }) => length > 0);
      const secure = acceptTls(bare, server, [], first.bytes);
      goOn.resolve();
      const heard = new Heard((await secure).socket);
      client.write('hello');
      await heard.until(({ length }) => length === 5);
    },
  );

  it('hands over what comes together with the end of the handshake', async () => {
    const { port, next } = await listening();
    const client = tls.connect({ port, host: '127.0.0.1', ca: ca.pem, servername: 'db.example' });
    onTestFinished(() => void client.destroy());
    client.write('at once');
    const { socket } = await acceptTls(await next(), server, [], nothing);
    const heard = new Heard(socket);
    await heard.until(({ length }) => length === 7);
    expect(heard.bytes.toString()).toBe('at once');
  });

  it('sends much to a client that reads late, and says when it has gone', async () => {
    const { client, heard, overs } = await inside();
    client.pause();
    for (let at = 0; at < BIG.length; at += 256 * 1024) heard.socket.write(BIG.subarray(at, at + 256 * 1024));
    expect(heard.socket.pendingBytes).toBeGreaterThan(PRESSURE_BYTES);
    expect(heard.drains).toBe(0);
    const all = collected(client);
    await heard.until(({ drains }) => drains === 1);
    expect(heard.socket.pendingBytes).toBe(0);
    heard.socket.end();
    expect((await all).equals(BIG)).toBe(true);
    client.end();
    await heard.until(({ closedWith }) => closedWith === null);
    expect(overs()).toBe(1);
  });

  it('leaves unread what comes while it is paused', async () => {
    const { client, heard } = await inside();
    client.write('first');
    await heard.until(({ length }) => length === 5);
    heard.socket.pause();
    const gone = new Promise<void>((resolve) => client.write(MORE_THAN_HELD, () => resolve()));
    client.end();
    const stuck = await Promise.race([gone.then(() => 'gone'), pauseSeen(client)]);
    expect(stuck).toBe('stuck');
    expect(heard.length).toBeLessThan(MORE_THAN_HELD.length / 2);
    heard.socket.resume();
    await heard.until(({ ended }) => ended);
    expect(heard.bytes.subarray(5).equals(MORE_THAN_HELD)).toBe(true);
  });

  it.each([
    ['what is no TLS', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a record of an unknown kind', Buffer.from([0x63, 3, 3, 0, 4, 1, 2, 3, 4])],
    ['a record that nobody sealed', Buffer.from([0x17, 3, 3, 0, 24, ...Array.from({ length: 24 }, () => 7)])],
  ])('ends when %s comes, and nothing else does', async (_what, bytes) => {
    const other = await inside();
    const { onward, heard, overs } = await inside();
    onward.write(bytes);
    await heard.until(({ closedWith }) => closedWith !== undefined);
    expect(overs()).toBe(1);
    other.client.write('still here');
    await other.heard.until(({ length }) => length === 10);
  });

  it.each([
    [
      'speaks no TLS',
      (port: number) =>
        net
          .connect(port, '127.0.0.1')
          .on('error', () => {})
          .end('GET / HTTP/1.1\r\n\r\n'),
    ],
    [
      'speaks nothing newer than TLS 1.1',
      (port: number) =>
        tls
          .connect({
            port,
            host: '127.0.0.1',
            ca: ca.pem,
            minVersion: 'TLSv1',
            maxVersion: 'TLSv1.1',
            ...OLD_CIPHERS,
          })
          .on('error', () => {}),
    ],
    [
      'wants another protocol',
      (port: number) =>
        tls.connect({ port, host: '127.0.0.1', ca: ca.pem, ALPNProtocols: ['other'] }).on('error', () => {}),
    ],
  ])('is not spoken with a client that %s', async (_what, connect) => {
    const { port, next, overs } = await listening();
    const client = connect(port);
    onTestFinished(() => void client.destroy());
    await expect(acceptTls(await next(), server, ['tidegate'], nothing)).rejects.toThrow();
    client.destroy();
    await expect.poll(overs).toBe(1);
  });

  it('is given up by whoever destroys what it runs on', async () => {
    const { port, next, overs } = await listening();
    const silent = net.connect(port, '127.0.0.1');
    silent.on('error', () => {});
    const bare = await next();
    const secure = acceptTls(bare, server, [], nothing);
    bare.destroy();
    await expect(secure).rejects.toThrow();
    await once(silent, 'close');
    expect(overs()).toBe(1);
  });
});

describe('towards a server', () => {
  /** A server inside TLS, after a word without it. */
  async function secured(options: Partial<ClientTls> = {}, shown: tls.TlsOptions = {}) {
    const came = Promise.withResolvers<tls.TLSSocket>();
    const listener = net.createServer({ allowHalfOpen: true }, (raw) => {
      raw.on('error', () => {});
      raw.once('data', () => {
        raw.write('S');
        const secure = new tls.TLSSocket(raw, { isServer: true, key: pem.key, cert: pem.pem, ...shown });
        secure.on('error', () => {});
        secure.once('secure', () => came.resolve(secure));
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void listener.close());
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const socket = await connectSocket({ host: '127.0.0.1', port }, AbortSignal.timeout(10_000));
    const bare = new Heard(socket);
    socket.write(Buffer.from('may I?'));
    await bare.until(({ length }) => length === 1);
    const secure = await connectTls(socket, {
      serverName: 'db.example',
      sni: 'db.example',
      ca: ca.pem,
      protocols: [],
      enclosed: null,
      maxFragment: null,
      ...options,
    });
    onTestFinished(() => secure.socket.destroy());
    return { heard: new Heard(secure.socket), endPoint: secure.endPoint, server: await came.promise };
  }

  it('binds the channel to the certificate it was shown', async () => {
    const { endPoint } = await secured();
    expect(endPoint).toEqual(server.endPoint);
  });

  it.each([
    ['the name, whatever it was asked for', { serverName: 'db.example', sni: null }],
    ['any name, of the authority', { serverName: null, sni: null }],
    ['any name, though asked for another', { serverName: null, sni: 'other.example' }],
  ])('takes %s', async (_what, options) => {
    const { heard, server: side } = await secured(options);
    side.write('hello');
    await heard.until(({ length }) => length === 5);
  });

  it('refuses another name, another authority, and TLS 1.1', async () => {
    const other = await authority('an authority');
    await expect(secured({ serverName: 'other.example', sni: 'other.example' })).rejects.toThrow(
      /other\.example|altname/i,
    );
    await expect(secured({ serverName: 'other.example', sni: 'db.example' })).rejects.toThrow(
      /other\.example|altname/i,
    );
    await expect(secured({ ca: other.pem })).rejects.toThrow();
    await expect(secured({ ca: other.pem, serverName: null, sni: null })).rejects.toThrow();
    await expect(secured({ ca: null })).rejects.toThrow();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ...OLD_CIPHERS } as const;
    await expect(secured({}, old)).rejects.toThrow();
  });

  it('sends much to a server that reads late, and reads what it says after that', async () => {
    const { heard, server: side } = await secured();
    side.pause();
    for (let at = 0; at < BIG.length; at += 256 * 1024) heard.socket.write(BIG.subarray(at, at + 256 * 1024));
    expect(heard.socket.pendingBytes).toBeGreaterThan(PRESSURE_BYTES);
    heard.socket.end();
    const all = await collected(side);
    expect(all.equals(BIG)).toBe(true);
    side.end('done');
    await heard.until(({ ended }) => ended);
    expect(heard.bytes.toString()).toBe('done');
    await heard.until(({ closedWith }) => closedWith === null);
  });
});

/** Resolves once a client has found, some turns in a row, that nothing more of what it wrote has gone. */
async function pauseSeen(client: tls.TLSSocket): Promise<'stuck'> {
  let still = 0;
  let before = -1;
  while (still < 50) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    still = client.bytesWritten === before ? still + 1 : 0;
    before = client.bytesWritten;
  }
  return 'stuck';
}
