/** One direction of a session: chunks of its source, once on record, to its target. Bounded: it stops the source in time. */
import type { Buffer } from 'node:buffer';
import { PRESSURE_BYTES, type RelaySocket } from './sockets.ts';
import type { Holder, Turn } from './turn.ts';

/** Held for the record, at most (and one read more): the source is stopped then. */
const HELD_LIMIT = 256 * 1024;

/** Why a source is stopped: bits, since there may be several reasons at once. */
export const Stop = { pressure: 1, crowded: 2 } as const;

/** What a flow tells its pump. */
export interface FlowEvents {
  /** Everything held is gone. */
  relieved(): void;
  /** Chunks of this flow were not put on record and will not be forwarded. */
  withheld(error: unknown): void;
}

export class Flow implements Holder {
  readonly #source: RelaySocket;
  readonly #target: RelaySocket;
  readonly #turn: Turn;
  readonly #events: FlowEvents;
  #held = 0;
  #stops = 0;
  #ending = false;
  #closed = false;
  /** Forwarded, in bytes. */
  bytes = 0;

  constructor(source: RelaySocket, target: RelaySocket, turn: Turn, events: FlowEvents) {
    this.#source = source;
    this.#target = target;
    this.#turn = turn;
    this.#events = events;
  }

  /** True while chunks wait for the record. */
  get holding(): boolean {
    return this.#held > 0;
  }

  /** A chunk of the arena's whose meaning is with the recorder: forwarded now, or when the record stands. */
  pass(chunk: Buffer): void {
    if (this.#closed) {
      this.#turn.arena.done(false);
      if (this.#turn.recording) this.#turn.soon();
      return;
    }
    if (this.#held > 0 || this.#turn.recording) {
      this.#held += chunk.length;
      this.#turn.hold(this, chunk);
      if (this.#held >= HELD_LIMIT) this.stop(Stop.pressure);
    } else this.#send(chunk);
  }

  release(chunk: Buffer): void {
    this.#held -= chunk.length;
    if (this.#closed) this.#turn.arena.done(false);
    else this.#send(chunk);
    if (this.#held > 0) return;
    this.drained();
    if (this.#ending && !this.#closed) this.#target.end();
    this.#events.relieved();
  }

  withhold(chunk: Buffer, error: unknown): void {
    this.#held -= chunk.length;
    this.#turn.arena.done(false);
    this.#closed = true;
    this.#events.withheld(error);
  }

  /** The target took what was pending, or all that was held is gone: the source may go on. */
  drained(): void {
    if (this.#held === 0 && this.#target.pendingBytes < PRESSURE_BYTES) this.go(Stop.pressure);
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
    if (this.#held === 0 && !this.#closed) this.#target.end();
  }

  /** Nothing goes to the target any more, not even what is held. The source is read on: what comes is dropped. */
  close(): void {
    this.#closed = true;
    this.go(Stop.pressure | Stop.crowded);
  }

  #send(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#target.write(chunk);
    const pending = this.#target.pendingBytes;
    this.#turn.arena.done(pending > 0);
    if (pending >= PRESSURE_BYTES) this.stop(Stop.pressure);
  }
}
