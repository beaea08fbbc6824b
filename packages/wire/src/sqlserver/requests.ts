/**
 * The client's half of a session: what each message would make the server do is told to the sink, and what the server
 * will answer is queued. A message is walked packet by packet, as it comes.
 */
import { Buffer } from 'node:buffer';
import { PENDING_LIMIT } from '../pending.ts';
import { Outcome, type Refusal } from '../statements.ts';
import {
  BAD_CALL,
  BAD_HEADERS,
  BAD_PACKET,
  BAD_TRANSACTION,
  BULK_WITHOUT_STATEMENT,
  MIXED_MESSAGE,
  TOO_MUCH_PENDING,
  UNKNOWN_MESSAGE,
} from './client-rules.ts';
import { Asked, type Exchange, NO_BYTES } from './exchange.ts';
import { HeadersWalk } from './headers-walk.ts';
import { Found, PacketWalk } from './packet-walk.ts';
import { PacketStatus, PacketType } from './packets.ts';
import { Rpc } from './rpc.ts';
import { type Teller, Telling } from './telling.ts';

/**
 * What stands before a transaction manager request where it is on record as a call: a call by a number that no procedure
 * has.
 */
export const TRANSACTION_CALL = 0xff0e;
const TRANSACTION_PREFIX: Uint8Array = Buffer.of(0xff, 0xff, TRANSACTION_CALL & 0xff, TRANSACTION_CALL >> 8);

/** It and the request's own type. */
const TRANSACTION_HEAD = TRANSACTION_PREFIX.length + 2;

const RESETS = PacketStatus.resetConnection | PacketStatus.resetConnectionSkipTransaction;

export class Requests {
  readonly packets = new PacketWalk();
  readonly #exchange: Exchange;
  readonly #headers = new HeadersWalk();
  readonly #rpc: Rpc;
  readonly #telling: Telling;
  /** The message in flight; 0: none. */
  #type = 0;
  /** Of a message with headers: what comes behind them has begun. */
  #begun = false;
  #bytes = 0;
  /** Whose bulk data may come next. */
  #bulkOf = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#rpc = new Rpc(exchange);
    this.#telling = new Telling(exchange.sink);
  }

  /** No message is half sent. */
  get between(): boolean {
    return this.#type === 0 && this.packets.remainder === 0;
  }

  walk(chunk: Uint8Array): Refusal | null {
    const { packets } = this;
    packets.feed(chunk);
    let refused: Refusal | null = null;
    while (refused === null) {
      const found = packets.next();
      if (found === Found.nothing) break;
      refused = found === Found.piece ? this.#piece() : BAD_PACKET;
    }
    if (refused === null) {
      this.#telling.flush();
      this.#rpc.flush();
    }
    packets.release();
    if (this.#exchange.pending.length > PENDING_LIMIT) refused ??= TOO_MUCH_PENDING;
    return refused;
  }

  #piece(): Refusal | null {
    const { packets } = this;
    if (this.#type === 0) {
      const refused = this.#begin(packets.type, packets.status);
      if (refused !== null) return refused;
    } else if (packets.type !== this.#type) {
      return MIXED_MESSAGE;
    }
    const refused = this.#body();
    if (refused !== null || !packets.endsMessage) return refused;
    return this.#end();
  }

  #begin(type: number, status: number): Refusal | null {
    const exchange = this.#exchange;
    this.#type = type;
    exchange.sending = true;
    this.#begun = false;
    this.#bytes = 0;
    if ((status & RESETS) !== 0) {
      exchange.handles.clear();
      exchange.resetsTransaction = (status & PacketStatus.resetConnection) !== 0;
    }
    switch (type) {
      case PacketType.batch:
      case PacketType.rpc:
      case PacketType.transactionManager:
        this.#headers.begin(!exchange.wide);
        return null;
      case PacketType.bulk:
        return this.#bulkOf === 0 ? BULK_WITHOUT_STATEMENT : null;
      case PacketType.attention:
        return null;
      default:
        return UNKNOWN_MESSAGE;
    }
  }

  #body(): Refusal | null {
    const { bytes, end, endsMessage } = this.packets;
    let at = this.packets.start;
    if (this.#type === PacketType.bulk) {
      this.#bytes += end - at;
      return null;
    }
    if (this.#type === PacketType.attention) return at === end ? null : UNKNOWN_MESSAGE;
    if (!this.#headers.done) {
      at = this.#headers.walk(bytes, at, end);
      if (at < 0) return BAD_HEADERS;
      if (!this.#headers.done) return endsMessage && !this.#ignored ? BAD_HEADERS : null;
    }
    if (this.#type === PacketType.rpc) {
      if (!this.#begun) this.#rpc.begin(bytes, at);
      this.#begun = true;
      const walked = this.#rpc.walk(bytes, at, end, endsMessage && !this.#ignored);
      return walked ? null : (this.#rpc.refused ?? BAD_CALL);
    }
    this.#bytes += end - at;
    this.#tell(bytes, at, end);
    return null;
  }

  /** The text of a batch, or a transaction manager request. */
  #tell(bytes: Uint8Array, at: number, end: number): void {
    const telling = this.#telling;
    if (this.#begun) {
      telling.enter(bytes, at);
    } else {
      this.#begun = true;
      if (this.#type === PacketType.batch) {
        telling.begin(this.#batch);
      } else {
        telling.begin(this.#transaction);
        telling.open(TRANSACTION_PREFIX, 0);
        telling.close(TRANSACTION_PREFIX.length);
      }
      telling.open(bytes, at);
    }
    if (this.packets.endsMessage) telling.close(end);
    else telling.leave(end);
  }

  /** The client gave the message up. */
  get #ignored(): boolean {
    return (this.packets.status & PacketStatus.ignore) !== 0;
  }

  #end(): Refusal | null {
    const type = this.#type;
    this.#type = 0;
    const exchange = this.#exchange;
    const { pending } = exchange;
    exchange.sending = false;
    if (type === PacketType.attention) {
      pending.push(Asked.attention, 0, null);
      exchange.sink.cancelled();
      return null;
    }
    let bulk = 0;
    if (this.#ignored) this.#giveUp(type);
    else if (type === PacketType.batch) this.#ask(Asked.batch);
    else if (type === PacketType.transactionManager) {
      if (this.#bytes < 2) return BAD_TRANSACTION;
      this.#ask(Asked.call);
    } else if (type === PacketType.rpc) this.#bulkOf = this.#rpc.last;
    else {
      bulk = this.#bytes;
      pending.push(Asked.bulk, this.#bulkOf, null);
    }
    pending.push(Asked.end, bulk, null);
    return null;
  }

  #ask(kind: number): void {
    this.#bulkOf = this.#telling.end();
    this.#exchange.pending.push(kind, this.#bulkOf, null);
  }

  #giveUp(type: number): void {
    if (type === PacketType.rpc) {
      this.#rpc.giveUp();
    } else if (this.#telling.announced > 0) {
      const number = this.#telling.end();
      this.#exchange.sink.outcome(number, 0, Outcome.skipped, false, 0, 0, 0, NO_BYTES, 0, 0);
    }
    this.#telling.cancel();
  }

  readonly #batch: Teller = {
    announce: (bytes, start, end, total) => {
      const number = this.#exchange.nextNumber();
      this.#exchange.sink.simple(number, bytes, start, end, total);
      return number;
    },
  };

  readonly #transaction: Teller = {
    announce: (bytes, start, end, total) => {
      const number = this.#exchange.nextNumber();
      this.#exchange.sink.call(number, bytes, start, end, total, TRANSACTION_HEAD);
      return number;
    },
  };
}
