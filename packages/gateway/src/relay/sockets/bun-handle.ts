/** Of Bun what the relay's sockets are made of. Its own types would bring all of Bun's globals along. */
import type { Buffer } from 'node:buffer';
import type { X509Certificate } from 'node:crypto';
import type { BunSocket } from './bun-socket.ts';

export interface Bun {
  connect(options: BunAddress & HandlerOptions): Promise<Handle>;
  listen(options: HandlerOptions & ListenerOptions): { readonly port: number; stop(): void };
}

export type BunAddress = { readonly hostname: string; readonly port: number } | { readonly unix: string };

interface ListenerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly backlog: number;
}

interface HandlerOptions {
  /** True: the peer's end doesn't end this side. */
  readonly allowHalfOpen: boolean;
  readonly socket: Handlers;
}

export interface Handlers {
  open(handle: Handle): void;
  data(handle: Handle, chunk: Buffer): void;
  drain(handle: Handle): void;
  end(handle: Handle): void;
  close(handle: Handle, error?: Error): void;
  error(handle: Handle, error: Error): void;
}

/** Bun's half of a socket. */
export interface Handle {
  /** Ours. */
  data: BunSocket | undefined;
  readonly remoteAddress: string | undefined;
  /** Gives how many bytes were taken; -1 when it is closed. `drain` follows where it did not take all. */
  write(chunk: Buffer): number;
  pause(): void;
  resume(): void;
  /** No more is written; the peer may go on. */
  shutdown(): void;
  /** Closes. */
  end(): void;
  setNoDelay(on: boolean): boolean;
  setKeepAlive(on: boolean, initialDelayMs: number): boolean;
  /**
   * TLS from here on, by Bun's own loop. Gives the connection below, which goes on telling its handlers of each byte that
   * comes, and the one inside. `isServer` and `initialData` (of the first TLS message what was read already) are what
   * `node:tls` uses in Bun, and in none of its pages.
   */
  upgradeTLS(options: UpgradeOptions): [below: Handle, inside: SecureHandle];
}

export interface SecureHandle extends Handle {
  /** Chosen by ALPN; false: none. */
  readonly alpnProtocol: string | false | null;
  getPeerX509Certificate(): X509Certificate | undefined;
}

export interface SecureHandlers extends Handlers {
  /**
   * `done`: TLS is spoken. `verifyError`: what is wrong with the peer's chain, or with the handshake; a peer that was
   * asked for no certificate has that wrong with it.
   */
  handshake(handle: SecureHandle, done: boolean, verifyError?: Error | null): void;
}

export interface UpgradeOptions {
  readonly isServer: boolean;
  readonly initialData?: Buffer;
  readonly socket: SecureHandlers;
  readonly tls: {
    /** What `tls.createSecureContext` has made, as Bun keeps it. */
    readonly secureContext: unknown;
    /** As TLS writes them: each with its length before it (RFC 7301 section 3.1). */
    readonly ALPNProtocols?: Buffer;
    /** SNI. */
    readonly serverName?: string;
    readonly requestCert: boolean;
    readonly rejectUnauthorized: boolean;
  };
}

/** Null under another runtime. */
export function bunRuntime(): Bun | null {
  const bun: unknown = Reflect.get(globalThis, 'Bun');
  return isBun(bun) ? bun : null;
}

const isBun = (bun: unknown): bun is Bun =>
  typeof bun === 'object' && bun !== null && 'connect' in bun && 'listen' in bun;
