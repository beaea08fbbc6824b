/**
 * The small port through which the relay knows sockets. Whatever knows how to hand over chunks and take them can stand
 * behind it: Node's sockets do (node.ts), and Bun's (bun.ts).
 */
import type { Buffer } from 'node:buffer';

/** Who is told what happens on a socket. One at a time: the handshake's reader, then the pump's. */
export interface SocketReader {
  /**
   * The first `length` bytes of `bytes` came. Lent, the memory is used again once this returns; `given`, `bytes` ends with
   * them and is the reader's.
   */
  chunk(bytes: Buffer, length: number, given: boolean): void;
  /** The peer sends nothing more; it may still read. */
  ended(): void;
  /** Everything written has gone, after `pendingBytes` had reached `PRESSURE_BYTES`. */
  drained(): void;
  /** The last call: nothing more comes or goes. `error` is null when both sides had ended in order. */
  closed(error: Error | null): void;
}

export interface RelaySocket {
  /** The peer's address, without its port; empty on a Unix socket. */
  readonly remoteAddress: string;
  /** Bytes written that the kernel has not taken. */
  readonly pendingBytes: number;
  /** From now on `reader` is told, and not the one before; also that the peer ended or closed, if it had. */
  readBy(reader: SocketReader): void;
  /** Sends `chunk`, and refers to its memory for as long as `pendingBytes` is not 0. */
  write(chunk: Buffer): void;
  pause(): void;
  resume(): void;
  /** Says that nothing more will be written, once what is pending has gone. */
  end(): void;
  /** Closes at once; what is pending is lost. `closed` follows. */
  destroy(): void;
}

/** From this many pending bytes on `drained` is promised, so whoever writes should stop until then. */
export const PRESSURE_BYTES = 64 * 1024;
/** A peer whose machine has vanished is noticed by the kernel asking after it. */
export const KEEP_ALIVE_MS = 60_000;
/** Connections that the kernel completes while the process is busy. */
export const BACKLOG = 1024;

export const NOBODY: SocketReader = { chunk() {}, ended() {}, drained() {}, closed() {} };

/** Where to connect: TCP, or a Unix socket. */
export type SocketAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenOptions {
  readonly host: string;
  /** 0 asks for a free one. */
  readonly port: number;
  /** Shares the port with other processes that say so too. */
  readonly reusePort: boolean;
  /** A client connected. Gives what is called at its socket's very end, whatever was built on it. */
  readonly accepted: (socket: RelaySocket) => () => void;
  /** A client could not be accepted; others can. */
  readonly failed: (error: Error) => void;
}

export interface Listening {
  /** The real port, where 0 was asked. */
  readonly port: number;
  /** Accepts nobody more; those who are in stay. */
  close(): void;
}

/** Sockets as one runtime has them. */
export interface SocketLayer {
  /** Connects, or rejects with an error that has a `code`; `signal` gives up. */
  connect(address: SocketAddress, signal: AbortSignal): Promise<RelaySocket>;
  /** Resolves when the port is bound; rejects, with an error that has a `code`, when it can't be. */
  listen(options: ListenOptions): Promise<Listening>;
}

/** IPv4 as people write it, also where a dual-stack listener says `::ffff:192.0.2.1`. */
export function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '') ?? '';
}
