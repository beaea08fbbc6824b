/**
 * A session's two streams: read → record → forward, both ways, and a clean end. It knows nothing of grants or engines:
 * a walker reads the protocol, a record keeps what it means, and the owner decides when it is over.
 */
import { Buffer } from 'node:buffer';
import type { Aside, Refusal, StatementWalker } from '@tidegate/wire';
import type { Answer } from './engine.ts';
import { Flow, Stop } from './flow.ts';
import type { RelaySocket, SocketReader } from './sockets.ts';
import type { Turn } from './turn.ts';

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
  /** The record could not be written. Nothing of what was to be recorded was forwarded. */
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

export class Pump {
  readonly #client: RelaySocket;
  readonly #server: RelaySocket;
  readonly #walker: StatementWalker;
  readonly #events: PumpEvents;
  readonly #toServer: Flow;
  readonly #toClient: Flow;
  #mode: Mode = 'relaying';
  /** The client has everything up to the end of a message: where one of our own may be put. */
  #clientAtBoundary = true;
  /** How many bytes the client had when chunks began to be held, if that was at a boundary; else -1. */
  #heldFrom = -1;
  /** What a message of ours must be numbered by where the walker has gone on further than the client; else null. */
  #sequence: number | null = null;
  /** The walker's number when chunks began to be held. */
  #heldSequence = 0;
  /** What the walker has not read of the client's bytes: they go again in front of the next. */
  #unread: Buffer = NO_BYTES;
  /** The command at the beginning of these is being answered. */
  #aside: Aside | null = null;
  #answer: Answer | undefined;
  #crowded = false;
  /** While closing: what the client is told last. */
  #farewell: ((sequence: number) => Buffer) | null = null;
  #said: (() => void) | null = null;

  constructor({ client, server, walker, turn, events }: PumpOptions) {
    this.#client = client;
    this.#server = server;
    this.#walker = walker;
    this.#events = events;
    this.#toServer = new Flow(client, server, turn, {
      record: (chunk) => this.#fromClient(chunk),
      relieved() {},
      withheld: (error) => events.unrecorded(error),
    });
    this.#toClient = new Flow(server, client, turn, {
      record: (chunk) => this.#fromServer(chunk),
      relieved: () => {
        this.#settle();
        this.#sayAnswer();
      },
      withheld: (error) => {
        this.#clientAtBoundary = this.#heldFrom === this.#toClient.bytes;
        events.unrecorded(error);
      },
        this.#sequence = this.#heldSequence;
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
    if (fromServer.length > 0) this.#serverReader.chunk(fromServer, fromServer.length);
    if (fromClient.length > 0) this.#clientReader.chunk(fromClient, fromClient.length);
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

  destroyServer(): void {
    this.#server.destroy();
  /** The answer to the command that `aside` told of: goes when the client has what the server had said before. */
  answer(answer: Answer): void {
    this.#answer = answer;
    this.#sayAnswer();
  }

  }

  /** Both sockets at once. */
  destroy(): void {
    this.#mode = 'closed';
    this.#toServer.close();
    this.#toClient.close();
    this.#server.destroy();
    this.#client.destroy();
  }

  /** While closing: says the farewell if the client's stream stands where it can be said. */
  #settle(): void {
    const farewell = this.#farewell;
    if (this.#mode !== 'closing' || farewell === null || this.#toClient.holding || !this.#clientAtBoundary) return;
    this.#farewell = null;
    this.#toClient.close();
    this.#client.write(farewell(this.#sequence ?? this.#walker.sequence));
    this.#client.end();
    this.#said?.();
  }

  /** Nothing reaches the server once this is closing, recorded or not. */
  #fromClient(chunk: Buffer): Buffer | null {
  #sayAnswer(): void {
    const [aside, answer] = [this.#aside, this.#answer];
    if (this.#mode !== 'relaying' || aside === null || answer === undefined || this.#toClient.holding) return;
    this.#aside = null;
    this.#answer = undefined;
    if (answer === null) this.#walker.passedOn();
    else {
      this.#client.write(answer.message(this.#walker.sequence));
      this.#walker.answered(answer.code);
      this.#unread = this.#unread.subarray(aside.bytes);
    }
    this.#toServer.go(Stop.aside);
    this.#readUnread();
  }

  /** Through the turn, as if it had just come. */
  #readUnread(): void {
    if (this.#unread.length > 0) this.#toServer.take(NO_BYTES, 0);
  }

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
    const refusal = this.#walker.fromServer(chunk);
    if (refusal !== null) {
    const sequence = this.#walker.sequence;
      this.#events.violated(refusal);
      return null;
      this.#sequence = sequence;
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
    const refusal = this.#walker.fromServer(chunk);
    // A walker that has refused reads no further, and then can't tell any more where the next message ends.
    if (rest >= 0) this.#sequence ??= this.#walker.sequence;
    if (rest < 0) return refusal === null ? chunk : null;
    this.#clientAtBoundary = true;
    return rest === 0 ? null : chunk.subarray(0, rest);
  }

  readonly #clientReader: SocketReader = {
    chunk: (bytes, length) => {
      if (this.#mode === 'relaying') this.#toServer.take(bytes, length);
    },
    ended: () => this.#events.clientEnded(),
    drained: () => this.#toClient.drained(),
    closed: (error) => this.#events.clientClosed(error),
  };

  readonly #serverReader: SocketReader = {
    chunk: (bytes, length) => {
      if (this.#mode === 'closed') return;
      if (!this.#toClient.holding) {
        this.#heldFrom = this.#clientAtBoundary ? this.#toClient.bytes : -1;
        this.#heldSequence = this.#walker.sequence;
      }
      this.#toClient.take(bytes, length);
    },
    ended: () => this.#events.serverEnded(),
    drained: () => this.#toServer.drained(),
    closed: (error) => this.#events.serverClosed(error),
  };
}
