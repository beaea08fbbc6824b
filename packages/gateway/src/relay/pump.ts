/**
 * A session's two streams, and a clean end. What the client says: read → record → forward. What the server answers is
 * read and forwarded at once, and its outcomes go on record right behind. The pump knows nothing of grants or engines: a
 * walker reads the protocol, a record keeps what it means, and the owner decides when it is over.
 */
import { Buffer } from 'node:buffer';
import type { Aside, Refusal, StatementWalker } from '@tidegate/wire';
import type { Answer } from './engine.ts';
import { Flow, Stop } from './flow.ts';
import type { RelaySocket, SocketReader } from './sockets.ts';
import type { Owing, Turn } from './turn.ts';

export interface PumpEvents {
  /** The client sends nothing more, but may still read. */
  clientEnded(): void;
  clientClosed(error: Error | null): void;
  serverEnded(): void;
  serverClosed(error: Error | null): void;
  /** A command is for the gateway to answer, with `answer`. Until then nothing more of the client's is read. */
  aside(aside: Aside): void;
  /** One side broke the protocol, or asked for what is not let through. Nothing of that chunk was forwarded. */
  violated(refusal: Refusal): void;
  /** The record could not be written. Nothing that the client asked and that is not on record was forwarded. */
  unrecorded(error: unknown): void;
}

export interface PumpOptions {
  readonly client: RelaySocket;
  readonly server: RelaySocket;
  readonly walker: StatementWalker;
  readonly turn: Turn;
  readonly events: PumpEvents;
}

const NO_BYTES = Buffer.alloc(0);

type Mode = 'relaying' | 'closing' | 'closed';

export class Pump implements Owing {
  readonly #client: RelaySocket;
  readonly #server: RelaySocket;
  readonly #walker: StatementWalker;
  readonly #turn: Turn;
  readonly #events: PumpEvents;
  readonly #toServer: Flow;
  readonly #toClient: Flow;
  #mode: Mode = 'relaying';
  /** The client has everything up to the end of a message: where one of our own may be put. */
  #clientAtBoundary = true;
  /** What a message of ours must be numbered by where the walker has gone on further than the client; else null. */
  #sequence: number | null = null;
  /** What the walker has not read of the client's bytes: they go again in front of the next. */
  #unread: Buffer = NO_BYTES;
  /** The command at the beginning of these is being answered. */
  #aside: Aside | null = null;
  #crowded = false;
  /** While closing: what the client is told last. */
  #farewell: ((sequence: number) => Buffer) | null = null;
  #said: (() => void) | null = null;

  constructor({ client, server, walker, turn, events }: PumpOptions) {
    this.#client = client;
    this.#server = server;
    this.#walker = walker;
    this.#turn = turn;
    this.#events = events;
    this.#toServer = new Flow(client, server, turn, {
      record: (chunk) => this.#fromClient(chunk),
      unrecorded: (error) => events.unrecorded(error),
    });
    this.#toClient = new Flow(server, client, turn, {
      record: (chunk) => this.#fromServer(chunk),
      unrecorded: (error) => events.unrecorded(error),
    });
  }

  get bytesToServer(): number {
    return this.#toServer.bytes;
  }

  get bytesToClient(): number {
    return this.#toClient.bytes;
  }

  /** Begins, with what each side sent before (may be empty). */
  start(fromClient: Buffer, fromServer: Buffer): void {
    this.#server.readBy(this.#serverReader);
    this.#client.readBy(this.#clientReader);
    if (fromServer.length > 0) this.#serverReader.chunk(fromServer, fromServer.length, true);
    if (fromClient.length > 0) this.#clientReader.chunk(fromClient, fromClient.length, true);
  }

  /** Passes on that the client will send no more. */
  endServer(): void {
    this.#toServer.end();
  }

  endClient(): void {
    this.#toClient.end();
  }

  /** The client is gone: what the server still sends is read for its outcomes and dropped. */
  forgetClient(): void {
    this.#toClient.close();
  }

  /**
   * Stops relaying. The client gets the rest of the message that is on its way, then `farewell`; then `said` is called.
   * The caller bounds the wait: the rest may never come. `farewell` gets its number (`StatementWalker.sequence`).
   */
  close(farewell: (sequence: number) => Buffer, said: () => void): void {
    if (this.#mode !== 'relaying') return;
    this.#mode = 'closing';
    this.#farewell = farewell;
    this.#said = said;
    // The client is read on: unread bytes would make the kernel reset the connection, and the farewell might be lost.
    this.#toServer.close();
    this.#settle();
  }

  /** The answer to the command that `aside` told of; the client has all that the server had said before. */
  answer(answer: Answer): void {
    const aside = this.#aside;
    if (this.#mode !== 'relaying' || aside === null) return;
    this.#aside = null;
    if (answer === null) this.#walker.passedOn();
    else {
      this.#client.write(answer.message(this.#walker.sequence));
      this.#walker.answered(answer.code);
      // Its outcome waits for a write, as a server's answer does.
      this.#turn.owes(this);
      this.#unread = this.#unread.subarray(aside.bytes);
    }
    this.#toServer.go(Stop.aside);
    this.#readUnread();
  }

  destroyServer(): void {
    this.#server.destroy();
  }

  /** Both sockets at once. */
  destroy(): void {
    this.#mode = 'closed';
    this.#toServer.close();
    this.#toClient.close();
    this.#server.destroy();
    this.#client.destroy();
  }

  /** What the server said could not be put on record. The client has it, and its session is over. */
  unrecorded(error: unknown): void {
    this.#events.unrecorded(error);
  }

  /** While closing: says the farewell if the client's stream stands where it can be said. */
  #settle(): void {
    const farewell = this.#farewell;
    if (this.#mode !== 'closing' || farewell === null || !this.#clientAtBoundary) return;
    this.#farewell = null;
    this.#toClient.close();
    this.#client.write(farewell(this.#sequence ?? this.#walker.sequence));
    this.#client.end();
    this.#said?.();
  }

  /** Through the turn, as if it had just come. */
  #readUnread(): void {
    if (this.#unread.length > 0) this.#toServer.take(NO_BYTES, 0, true);
  }

  /** Nothing reaches the server once this is closing, recorded or not. */
  #fromClient(chunk: Buffer): Buffer | null {
    if (this.#mode !== 'relaying') return null;
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    if (this.#aside !== null) {
      this.#unread = bytes;
      return null;
    }
    const refusal = this.#walker.fromClient(bytes);
    if (refusal !== null) {
      this.#events.violated(refusal);
      return null;
    }
    const { unread } = this.#walker;
    this.#crowded = this.#walker.crowded;
    if (this.#crowded) this.#toServer.stop(Stop.crowded);
    if (unread === 0) {
      this.#unread = NO_BYTES;
      return bytes;
    }
    // A copy: the chunk's memory is only lent.
    this.#unread = Buffer.from(bytes.subarray(bytes.length - unread));
    this.#aside = this.#walker.aside;
    if (this.#aside !== null) {
      this.#toServer.stop(Stop.aside);
      this.#events.aside(this.#aside);
    }
    return bytes.subarray(0, bytes.length - unread);
  }

  #fromServer(chunk: Buffer): Buffer | null {
    if (this.#mode === 'closing') return this.#restOfMessage(chunk);
    if (this.#mode === 'closed') return null;
    const sequence = this.#walker.sequence;
    const refusal = this.#walker.fromServer(chunk);
    if (refusal !== null) {
      this.#sequence = sequence;
      this.#events.violated(refusal);
      return null;
    }
    this.#clientAtBoundary = this.#walker.serverRemainder === 0;
    if (this.#crowded && !this.#walker.crowded) {
      this.#crowded = false;
      this.#toServer.go(Stop.crowded);
      this.#readUnread();
    }
    return chunk;
  }

  /** While closing: what the chunk holds of the message in flight still goes to the client. The rest is for the record. */
  #restOfMessage(chunk: Buffer): Buffer | null {
    const rest = this.#clientAtBoundary ? 0 : this.#walker.toBoundary(chunk);
    if (rest >= 0) this.#sequence ??= this.#walker.sequence;
    const refusal = this.#walker.fromServer(chunk);
    // A walker that has refused reads no further, and then can't tell any more where the next message ends.
    if (rest < 0) return refusal === null ? chunk : null;
    this.#clientAtBoundary = true;
    return rest === 0 ? null : chunk.subarray(0, rest);
  }

  readonly #clientReader: SocketReader = {
    chunk: (bytes, length, given) => {
      if (this.#mode === 'relaying') this.#toServer.take(bytes, length, given);
    },
    ended: () => this.#events.clientEnded(),
    drained: () => this.#toClient.drained(),
    closed: (error) => this.#events.clientClosed(error),
  };

  readonly #serverReader: SocketReader = {
    chunk: (bytes, length, given) => {
      if (this.#mode === 'closed') return;
      const { waiting } = this.#turn;
      this.#toClient.pass(bytes, length, given);
      if (this.#turn.waiting !== waiting) this.#turn.owes(this);
      if (this.#farewell !== null) this.#settle();
    },
    ended: () => this.#events.serverEnded(),
    drained: () => this.#toServer.drained(),
    closed: (error) => this.#events.serverClosed(error),
  };
}
