/** The order of promise 3, on sockets and a recorder that tell what was done to them, and when. */
import type { Aside, Refusal, StatementWalker } from '@tidegate/wire';
import { describe, expect, it } from 'vitest';
import { Pump, type PumpEvents } from '../src/relay/pump.ts';
import type { Recorder } from '../src/relay/recorder.ts';
import { PRESSURE_BYTES, type RelaySocket, type SocketReader } from '../src/relay/sockets.ts';
import { Turn } from '../src/relay/turn.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** One read buffer for all, as in earnest. */
const readBuffer = Buffer.alloc(64 * 1024);

class FakeSocket implements RelaySocket {
  readonly remoteAddress = '192.0.2.1';
  pendingBytes = 0;
  paused = false;
  takes = true;
  readonly #name: string;
  readonly #log: string[];
  #reader: SocketReader | null = null;
  #gives = false;

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  readBy(reader: SocketReader): void {
    this.#reader = reader;
  }

  write(chunk: Buffer): void {
    this.#log.push(`${this.#name} < ${chunk.toString()}`);
    if (!this.takes) this.pendingBytes += chunk.length;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.#log.push(`${this.#name} end`);
  }

  destroy(): void {
    this.#log.push(`${this.#name} destroy`);
  }

  /** The peer sent this. */
  sends(text: string): void {
    // By turns: runtimes give or lend, as chunks are small or large.
    this.#gives = !this.#gives;
    if (this.#gives) {
      const bytes = Buffer.from(text);
      this.#reader?.chunk(bytes, bytes.length, true);
      return;
    }
    const length = readBuffer.write(text);
    this.#reader?.chunk(readBuffer, length, false);
    readBuffer.fill('#', 0, length);
  }

  /** The peer takes what is pending. */
  drains(): void {
    this.takes = true;
    this.pendingBytes = 0;
    this.#reader?.drained();
  }
}

/**
 * Capitals mean something for the record. A server's message ends with a dot. `!` is refused. What begins with `?` and
 * ends with `;` is for the gateway to answer, unless it was passed on; while `crowded`, nothing from it on is read.
 */
class FakeWalker implements StatementWalker {
  crowded = false;
  readonly idle = true;
  readonly inTransaction = false;
  readonly goodbye = false;
  unread = 0;
  aside: Aside | null = null;
  sequence = 0;
  serverRemainder = 0;
  readonly codes: (string | null)[] = [];
  readonly #recorder: FakeRecorder;
  #passed = false;

  constructor(recorder: FakeRecorder) {
    this.#recorder = recorder;
  }

  fromClient(chunk: Uint8Array): Refusal | null {
    const text = Buffer.from(chunk).toString();
    if (text.includes('!')) return { side: 'client', code: '08P01', message: 'no' };
    this.#read(text);
    return null;
  }

  fromServer(chunk: Uint8Array): Refusal | null {
    const text = Buffer.from(chunk).toString();
    this.serverRemainder = chunk.at(-1) === 0x2e ? 0 : 1;
    if (text.includes('!')) return { side: 'server', code: '08P01', message: 'no' };
    if (/[A-Z]/.test(text)) this.#recorder.record(text);
    return null;
  }

  #read(text: string): void {
    const at = text.indexOf('?', this.#passed ? 1 : 0);
    this.#passed = false;
    this.unread = at < 0 ? 0 : text.length - at;
    const end = text.indexOf(';', at);
    const whole = at >= 0 && end >= 0 && !this.crowded;
    this.aside = whole ? { kind: 'cancel', bytes: end + 1 - at, connection: 7, scope: 'statement' } : null;
    const told = at < 0 ? text : text.slice(0, at);
    if (/[A-Z]/.test(told)) this.#recorder.record(told);
  }

  toBoundary(chunk: Uint8Array): number {
    if (this.serverRemainder === 0) return 0;
    const dot = chunk.indexOf(0x2e);
    return dot < 0 ? -1 : dot + 1;
  }

  answered(code: string | null): void {
    this.codes.push(code);
  }

  passedOn(): void {
    this.#passed = true;
  }

  abandon(): void {}
}

class FakeRecorder implements Recorder {
  fails = false;
  /** Set to make flushes take until the test resolves them. */
  slow: PromiseWithResolvers<void>[] | null = null;
  readonly #log: string[];
  #waiting: string[] = [];
  #flushed: PromiseWithResolvers<void> | null = null;

  constructor(log: string[]) {
    this.#log = log;
  }

  record(text: string): void {
    this.#waiting.push(text);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves at the next flush of something. */
  get flushed(): Promise<void> {
    this.#flushed ??= Promise.withResolvers();
    return this.#flushed.promise;
  }

  flush(): Promise<void> | undefined {
    if (this.#waiting.length > 0) {
      this.#log.push(`${this.fails ? 'fails' : 'flush'} ${this.#waiting.join('+')}`);
      this.#flushed?.resolve();
    }
    this.#waiting = [];
    if (this.fails) throw new Error('disk full');
    if (this.slow === null) return undefined;
    const flush = Promise.withResolvers<void>();
    this.slow.push(flush);
    return flush.promise;
  }

  begin(): never {
    throw new Error('not here');
  }

  refused(): void {}
}

function setUp(sessions = 1) {
  const log: string[] = [];
  const recorder = new FakeRecorder(log);
  const turn = new Turn(recorder, () => log.push('failed'));
  const all = Array.from({ length: sessions }, (_, i) => {
    const client = new FakeSocket(`c${i}`, log);
    const server = new FakeSocket(`s${i}`, log);
    const walker = new FakeWalker(recorder);
    const tell = (what: string) => () => log.push(`${what}${i}`);
    const events: PumpEvents = {
      clientEnded: tell('clientEnded'),
      clientClosed: tell('clientClosed'),
      serverEnded: tell('serverEnded'),
      serverClosed: tell('serverClosed'),
      aside: ({ bytes }) => log.push(`aside${i} ${bytes}`),
      violated: tell('violated'),
      unrecorded: tell('unrecorded'),
    };
    const pump = new Pump({ client, server, walker, turn, events });
    pump.start(Buffer.alloc(0), Buffer.alloc(0));
    return { client, server, walker, pump };
  });
  const [first] = all;
  if (first === undefined) throw new Error('no session');
  return { log, recorder, all, ...first };
}

describe('a turn', () => {
  it('forwards what means nothing for the record without one', async () => {
    const { log, client, server } = setUp();
    client.sends('copy data');
    server.sends('rows.');
    await nextTurn();
    expect(log).toEqual(['c0 < rows.', 's0 < copy data']);
  });

  it('holds what does until everything of the turn is recorded in one go, of all sessions', async () => {
    const { log, all } = setUp(3);
    all[0]?.client.sends('SELECT 1');
    all[1]?.client.sends('SELECT 2');
    all[1]?.client.sends(' more');
    expect(log).toEqual([]);
    await nextTurn();
    expect(log).toEqual(['flush SELECT 1+SELECT 2', 's0 < SELECT 1', 's1 < SELECT 2', 's1 <  more']);
  });

  it('is not waited for while one client alone is busy, and is again when another is', async () => {
    const { log, all } = setUp(2);
    for (let i = 0; i < 20; i++) {
      all[0]?.client.sends(`SELECT ${i}`);
      await nextTurn();
    }
    log.length = 0;
    all[0]?.client.sends('SELECT 20');
    expect(log).toEqual(['flush SELECT 20', 's0 < SELECT 20']);
    all[1]?.client.sends('SELECT other');
    all[0]?.client.sends('SELECT 21');
    expect(log).toHaveLength(2);
    await nextTurn();
    expect(log.slice(2)).toEqual(['flush SELECT other+SELECT 21', 's1 < SELECT other', 's0 < SELECT 21']);
  });

  it('never lets a later chunk overtake one that is held, even when the record takes long', async () => {
    const { log, recorder, client } = setUp();
    recorder.slow = [];
    client.sends('SELECT 1');
    await nextTurn();
    const [first] = recorder.slow;
    recorder.slow = null;
    client.sends('data of it');
    await nextTurn();
    expect(log).toEqual(['flush SELECT 1']);
    first?.resolve();
    await nextTurn();
    expect(log.slice(1)).toEqual(['s0 < SELECT 1', 's0 < data of it']);
  });

  it('whose record cannot be written forwards nothing of it', async () => {
    const { log, recorder, all } = setUp(2);
    recorder.fails = true;
    all[0]?.client.sends('SELECT 1');
    await nextTurn();
    recorder.fails = false;
    all[0]?.client.sends('SELECT 2');
    all[1]?.client.sends('copy data');
    await nextTurn();
    expect(log.filter((line) => line.startsWith('s0 <'))).toEqual([]);
    expect(log).toContain('unrecorded0');
    expect(log).toContain('s1 < copy data');
  });
});

describe('an outcome', () => {
  it('is forwarded at once, and rides along with the record of the next statement', async () => {
    const { log, client, server } = setUp();
    server.sends('DONE.');
    expect(log).toEqual(['c0 < DONE.']);
    client.sends('SELECT 2');
    await nextTurn();
    expect(log.slice(1)).toEqual(['flush DONE.+SELECT 2', 's0 < SELECT 2']);
  });

  it('goes on record by itself when no statement follows', async () => {
    const { log, recorder, server } = setUp();
    server.sends('DONE.');
    await recorder.flushed;
    expect(log).toEqual(['c0 < DONE.', 'flush DONE.']);
  });

  it('that cannot be recorded ends its session, and no other', async () => {
    const { log, recorder, all } = setUp(2);
    recorder.fails = true;
    all[0]?.server.sends('DONE.');
    all[1]?.server.sends('rows.');
    await recorder.flushed;
    await nextTurn();
    expect(log).toContain('unrecorded0');
    expect(log).not.toContain('unrecorded1');
  });

  it('that cannot be recorded ends its session also when another’s statement brought that to light', async () => {
    const { log, recorder, all } = setUp(2);
    all[0]?.server.sends('DONE.');
    recorder.fails = true;
    all[1]?.client.sends('SELECT 1');
    await nextTurn();
    expect(log).toEqual(['c0 < DONE.', 'fails DONE.+SELECT 1', 'failed', 'unrecorded1', 'unrecorded0']);
  });
});

describe('pressure', () => {
  it('stops the source of a stream whose target does not read, and lets it go on when it does', async () => {
    const { client, server } = setUp();
    client.takes = false;
    for (let sent = 0; sent < PRESSURE_BYTES; sent += 16_384) {
      expect(server.paused).toBe(false);
      server.sends(`${'r'.repeat(16_383)}.`);
      await nextTurn();
    }
    expect(server.paused).toBe(true);
    expect(client.paused).toBe(false);
    client.drains();
    expect(server.paused).toBe(false);
  });

  it('stops a client that has asked more than it can be told', async () => {
    const { client, server, walker } = setUp();
    walker.crowded = true;
    client.sends('ask');
    await nextTurn();
    expect(client.paused).toBe(true);
    walker.crowded = false;
    server.sends('answer.');
    await nextTurn();
    expect(client.paused).toBe(false);
  });

  it('stops a source whose chunks wait for a slow record', async () => {
    const { recorder, client } = setUp();
    recorder.slow = [];
    for (let i = 0; i < 5; i++) client.sends(`SELECT ${'x'.repeat(60_000)}`);
    expect(client.paused).toBe(true);
    await nextTurn();
    for (const flush of recorder.slow) flush.resolve();
    await nextTurn();
    expect(client.paused).toBe(false);
  });
});

describe('a farewell', () => {
  it('is said at once where the client’s stream is between messages, and nothing reaches the server after it', async () => {
    const { log, pump, client } = setUp();
    pump.close(
      () => Buffer.from('bye'),
      () => log.push('said'),
    );
    client.sends('SELECT after');
    await nextTurn();
    expect(log).toEqual(['c0 < bye', 'c0 end', 'said']);
  });

  it('waits for the end of a message in flight, and lets nothing after it through', async () => {
    const { log, pump, server } = setUp();
    server.sends('first.second is lo');
    await nextTurn();
    pump.close(
      () => Buffer.from('bye'),
      () => log.push('said'),
    );
    expect(log).toEqual(['c0 < first.second is lo']);
    server.sends('ng');
    server.sends(' and ends.third.');
    server.sends('fourth.');
    await nextTurn();
    expect(log.slice(1)).toEqual(['c0 < ng', 'c0 <  and ends.', 'c0 < bye', 'c0 end', 'said']);
  });

  it('comes after the answers of the turn in which the client broke the protocol', async () => {
    const { log, pump, client, server } = setUp();
    client.sends('!');
    server.sends('DONE.');
    await nextTurn();
    expect(log).toEqual(['c0 < DONE.', 'violated0', 'flush DONE.']);
    pump.close(
      () => Buffer.from('bye'),
      () => log.push('said'),
    );
    expect(log.slice(3)).toEqual(['c0 < bye', 'c0 end', 'said']);
  });

  it('is not said inside a message', async () => {
    const { log, pump, server } = setUp();
    server.sends('a message without');
    pump.close(
      () => Buffer.from('bye'),
      () => log.push('said'),
    );
    server.sends(' an end');
    await nextTurn();
    expect(log).not.toContain('c0 < bye');
  });
});

describe('a command for the gateway', () => {
  const no = { message: (sequence: number) => Buffer.from(`no ${sequence}`), code: 'HY000' };

  it('is told of whole, and never forwarded; what came before it goes on its way', async () => {
    const { log, client } = setUp();
    client.sends('SELECT 1 ?ki');
    await nextTurn();
    client.sends('ll 7;');
    await nextTurn();
    expect(log).toEqual(['flush SELECT 1 ', 's0 < SELECT 1 ', 'aside0 8']);
  });

  it('holds up what came behind it until it is answered, and that goes then', async () => {
    const { log, pump, client, walker } = setUp();
    client.sends('?kill 7;SELECT 1');
    await nextTurn();
    expect(client.paused).toBe(true);
    client.sends(' AND 2');
    await nextTurn();
    expect(log).toEqual(['aside0 8']);
    walker.sequence = 1;
    pump.answer(no);
    await nextTurn();
    expect(log).toEqual(['aside0 8', 'c0 < no 1', 'flush SELECT 1 AND 2', 's0 < SELECT 1 AND 2']);
    expect(walker.codes).toEqual(['HY000']);
    expect(client.paused).toBe(false);
  });

  it('that is the server’s after all is forwarded as it came', async () => {
    const { log, pump, client } = setUp();
    client.sends('?kill 7;copy');
    await nextTurn();
    pump.answer(null);
    await nextTurn();
    expect(log).toEqual(['aside0 8', 's0 < ?kill 7;copy']);
  });

  it('that can not be read yet is read when the server has caught up', async () => {
    const { log, client, server, walker } = setUp();
    walker.crowded = true;
    client.sends('one?kill 7;');
    await nextTurn();
    expect([log.at(-1), client.paused]).toEqual(['s0 < one', true]);
    walker.crowded = false;
    server.sends('done.');
    await nextTurn();
    expect(log).toEqual(['s0 < one', 'c0 < done.', 'aside0 8']);
  });

  it('is not answered once the session is ending', async () => {
    const { log, pump, client } = setUp();
    client.sends('?kill 7;');
    await nextTurn();
    pump.close(
      (sequence) => Buffer.from(`bye ${sequence}`),
      () => log.push('said'),
    );
    pump.answer(no);
    await nextTurn();
    expect(log).toEqual(['aside0 8', 'c0 < bye 0', 'c0 end', 'said']);
  });
});
