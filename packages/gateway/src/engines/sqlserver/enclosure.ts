/**
 * TLS inside PRELOGIN (MS-TDS 3.2.5.1, 3.3.5.1): up to TDS 7.4 the handshake's bytes ride in packets of type 0x12, and
 * once it is done TLS records go bare. Neither side says when: each reads wrapped and bare alike by the first byte, which
 * is 0x17 for the first record of data and nothing that a packet begins with. What the gateway writes is wrapped until
 * then: a server switches when its client does (at the end of TLS's own handshake it would be too early, and clients
 * hang), a client when its handshake is done.
 */
import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { ProtocolError, sqlserver } from '@tidegate/wire';
import { PRESSURE_BYTES, type RelaySocket, type SocketReader } from '../../relay/sockets.ts';

/** Application data, the type of a TLS record. */
const DATA_RECORD = 0x17;
/** TLS messages of a handshake with a client: certificates come from the server. */
const MAX_WRAPPED = 64 * 1024;

/** Towards a client: bare from the client's first record of data on. */
export const enclosedForClient = (socket: RelaySocket, received: Buffer): Duplex =>
  new Enclosed(socket, 'client', received);

/** Towards a server: the first record of data, which is the gateway's own, goes bare. */
export const enclosedForServer = (socket: RelaySocket, received: Buffer): Duplex =>
  new Enclosed(socket, 'server', received);

class Enclosed extends Duplex {
  readonly #socket: RelaySocket;
  /** Who is at the other end. */
  readonly #peer: 'client' | 'server';
  /** Null: records are read bare. */
  #unwrap: Unwrapping | null;
  #writesBare = false;
  /** Tells the stream that what it wrote has gone. */
  #written: (() => void) | null = null;

  constructor(socket: RelaySocket, peer: 'client' | 'server', received: Buffer) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#socket = socket;
    this.#peer = peer;
    this.#unwrap = new Unwrapping(peer);
    const reader: SocketReader = {
      chunk: (bytes, length, given) => this.#received(given ? bytes : Buffer.from(bytes.subarray(0, length))),
      ended: () => void this.push(null),
      drained: () => this.#drained(),
      closed: (error) => {
        this.#drained();
        this.destroy(error ?? undefined);
      },
    };
    socket.readBy(reader);
    if (received.length > 0) this.#received(received);
  }

  /** A stream keeps what it is given, so the bytes are not lent. */
  #received(bytes: Buffer): void {
    if (this.#unwrap === null) {
      this.#give(bytes);
      return;
    }
    try {
      this.#give(this.#unwrap.push(bytes));
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (!this.#unwrap.bare) return;
    this.#unwrap = null;
    this.#writesBare = true;
  }

  #give(bytes: Buffer): void {
    if (bytes.length > 0 && !this.push(bytes)) this.#socket.pause();
  }

  #drained(): void {
    const written = this.#written;
    this.#written = null;
    written?.();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#peer === 'server' && chunk[0] === DATA_RECORD) this.#writesBare = true;
    this.#socket.write(this.#writesBare ? chunk : sqlserver.packets(sqlserver.PacketType.prelogin, chunk));
    // The socket refers to the memory until it has gone; whoever wrote it may use it again once told.
    if (this.#socket.pendingBytes < PRESSURE_BYTES) done();
    else this.#written = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

/** Takes the handshake's bytes out of their packets, however these are cut. */
class Unwrapping {
  readonly #side: 'client' | 'server';
  #waiting: Buffer = Buffer.alloc(0);
  #taken = 0;
  /** Set once a record of data came: from it on nothing is wrapped. */
  bare = false;

  constructor(side: 'client' | 'server') {
    this.#side = side;
  }

  push(chunk: Buffer): Buffer {
    this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    const parts: Buffer[] = [];
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined) break;
      if (first === DATA_RECORD) {
        this.bare = true;
        parts.push(this.#waiting);
        break;
      }
      const part = this.#packet(first);
      if (part === null) break;
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  #packet(type: number): Buffer | null {
    const waiting = this.#waiting;
    // A server may answer the handshake in packets of its own kind (0x04), and some do.
    const known = type === sqlserver.PacketType.prelogin || type === sqlserver.PacketType.response;
    if (!known) throw this.#violation('something other than TLS where the handshake is');
    if (waiting.length < sqlserver.HEADER_BYTES) return null;
    const length = waiting.readUInt16BE(2);
    if (length < sqlserver.HEADER_BYTES) throw this.#violation('invalid length of a packet');
    if (waiting.length < length) return null;
    this.#taken += length;
    if (this.#taken > MAX_WRAPPED) throw this.#violation('a TLS handshake too long');
    this.#waiting = waiting.subarray(length);
    return waiting.subarray(sqlserver.HEADER_BYTES, length);
  }

  #violation(what: string): ProtocolError {
    return new ProtocolError(this.#side, '08P01', what);
  }
}
