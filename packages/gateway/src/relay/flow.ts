/** One direction of a session: chunks of its source to its target. Bounded: it stops the source in time. */
import type { Buffer } from 'node:buffer';
import { PRESSURE_BYTES, type RelaySocket } from './sockets.ts';
import type { Holder, Turn } from './turn.ts';

/** Held for the record, at most (and one read more): the source is stopped then. */
const HELD_LIMIT = 256 * 1024;

/** Why a source is stopped: bits, since there may be several reasons at once. */
export const Stop = { pressure: 1, crowded: 2, aside: 4 } as const;

/** What a flow asks and tells its pump. */
export interface FlowOwner {
  /** Tells the record what the chunk means; gives what of it may go, or null: nothing. */
  record(chunk: Buffer): Buffer | null;
  /** Chunks of this flow were not put on record and will not be forwarded. */
  unrecorded(error: unknown): void;
}

export class Flow implements Holder {
  readonly #source: RelaySocket;
  readonly #target: RelaySocket;
  readonly #turn: Turn;
  readonly #owner: FlowOwner;
  /** Chunks and bytes that wait for the record. */
  #chunks = 0;
  #held = 0;
  #stops = 0;
  #ending = false;
  #closed = false;
  /** Forwarded, in bytes. */
  bytes = 0;

  constructor(source: RelaySocket, target: RelaySocket, turn: Turn, owner: FlowOwner) {
    this.#source = source;
    this.#target = target;
    this.#turn = turn;
    this.#owner = owner;
  }

  /** The source sent this (`SocketReader.chunk`), and it goes when it is on record. */
  take(bytes: Buffer, length: number, given: boolean): void {
    this.#chunks += 1;
    this.#held += length;
    this.#turn.hold(this, this.#turn.arena.keep(bytes, length, given));
    if (this.#held >= HELD_LIMIT) this.stop(Stop.pressure);
  }

  /** The source sent this (`SocketReader.chunk`), and it goes at once. */
  pass(bytes: Buffer, length: number, given: boolean): void {
    const { arena } = this.#turn;
    const forward = this.#owner.record(arena.keep(bytes, length, given));
    if (forward === null || forward.length === 0 || this.#closed) arena.done(false);
    else this.#send(forward);
  }

  record(chunk: Buffer): Buffer | null {
    const forward = this.#owner.record(chunk);
    if (forward === null || forward.length === 0) {
      this.#drop(chunk.length);
      return null;
    }
    this.#held -= chunk.length - forward.length;
    return forward;
  }

  release(chunk: Buffer): void {
    this.#chunks -= 1;
    this.#held -= chunk.length;
    if (this.#closed) this.#turn.arena.done(false);
    else this.#send(chunk);
    if (this.#chunks === 0) this.#relieve();
  }

  withhold(chunk: Buffer, error: unknown): void {
    this.#closed = true;
    this.#drop(chunk.length);
    this.#owner.unrecorded(error);
  }

  /** The target took what was pending, or all that was held is gone: the source may go on. */
  drained(): void {
    if (this.#chunks === 0 && this.#target.pendingBytes < PRESSURE_BYTES) this.go(Stop.pressure);
  }

  stop(why: number): void {
    if (this.#stops === 0) this.#source.pause();
    this.#stops |= why;
  }

  go(why: number): void {
    if (this.#stops === 0) return;
    this.#stops &= ~why;
    if (this.#stops === 0) this.#source.resume();
  }

  /** The source ended: so does the target, after what is held. */
  end(): void {
    this.#ending = true;
    if (this.#chunks === 0 && !this.#closed) this.#target.end();
  }

  /** Nothing goes to the target any more, not even what is held. The source is read on: what comes is dropped. */
  close(): void {
    this.#closed = true;
    this.go(Stop.pressure | Stop.crowded | Stop.aside);
  }

  #send(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#target.write(chunk);
    const pending = this.#target.pendingBytes;
    this.#turn.arena.done(pending > 0);
    if (pending >= PRESSURE_BYTES) this.stop(Stop.pressure);
  }

  #drop(length: number): void {
    this.#chunks -= 1;
    this.#held -= length;
    this.#turn.arena.done(false);
    if (this.#chunks === 0) this.#relieve();
  }

  #relieve(): void {
    if (this.#stops !== 0) this.drained();
    if (this.#ending && !this.#closed) this.#target.end();
  }
}
