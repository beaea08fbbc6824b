/** A client that is not in yet: what its handshake knows and may do, and how long it has. */
import type { Buffer } from 'node:buffer';
import type { Engine } from '@tidegate/core';
import type { Admission, Attempt, Challenge, Permit, Proof } from './admit.ts';
import type { KillDesk } from './kills.ts';
import type { Limits, Place } from './limits.ts';
import { ClientGone, LoginRefused } from './refusal.ts';
import type { RelaySocket } from './sockets.ts';
import { acceptTls, type Enclosure, type ServerTls } from './tls.ts';

/** With it a client can ask, on another connection, that what its session runs be stopped. */
export interface CancelKey {
  /** 32 bits; names worker and session. */
  readonly number: number;
  readonly secret: Buffer;
}

/** The worker's cancel keys, for all its sessions. */
export interface CancelDesk {
  /** A new key, with a secret of the length that the client's protocol takes. */
  keyFor(permit: Permit, secretBytes: number): CancelKey;
  /** Resolves when all that comes of it was done; says nothing of whether the key fits. */
  cancel(key: CancelKey): Promise<void>;
}

export interface ArrivalOptions {
  /** Of the listener: its login names alone let in here. */
  readonly engine: Engine;
  readonly place: Place;
  readonly limits: Limits;
  readonly admission: Admission;
  readonly cancels: CancelDesk;
  readonly kills: KillDesk;
  readonly tls: ServerTls;
  readonly tlsRequired: boolean;
}

export class Arrival {
  /** Replaced when TLS begins: a refusal goes through the latest. */
  socket: RelaySocket;
  readonly address: string;
  readonly tls: ServerTls;
  readonly tlsRequired: boolean;
  readonly cancels: CancelDesk;
  readonly kills: KillDesk;
  /** The number of the next message to the client, in protocols that number their packets; 0 before the first. */
  sequence = 0;
  /** Of the engine's protocol, once the client has said which it speaks, where messages look different by it; else 0. */
  version = 0;
  readonly #options: ArrivalOptions;
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout;
  #attempt: Attempt | null = null;
  #permit: Permit | null = null;

  constructor(socket: RelaySocket, options: ArrivalOptions) {
    this.socket = socket;
    this.address = socket.remoteAddress;
    this.tls = options.tls;
    this.tlsRequired = options.tlsRequired;
    this.cancels = options.cancels;
    this.kills = options.kills;
    this.#options = options;
    this.#timer = this.#within(options.limits.handshakeMs, 'the login took too long');
  }

  /** Aborts with what the client is to be told (LoginRefused), or with ClientGone. Everything that waits heeds it. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Who the client says it is, once it has; for the record of a refusal. */
  get attempt(): Attempt | null {
    return this.#attempt;
  }

  get permit(): Permit | null {
    return this.#permit;
  }

  /** The client has said who it is: from here on a refusal goes on record. */
  introduce(attempt: Attempt): void {
    this.#attempt = attempt;
  }

  /**
   * Speaks TLS from here on. `received` is what was read of the client's first message in it. Gives the protocol chosen
   * by ALPN among `protocols`. `enclosed`: what TLS runs in, where that is not the socket. Throws ClientGone.
   */
  async startTls(received: Buffer, protocols: readonly string[], enclosed?: Enclosure): Promise<string | null> {
    const raw = this.socket;
    const abort = () => raw.destroy();
    this.signal.addEventListener('abort', abort, { once: true });
    try {
      const { socket, protocol } = await acceptTls(raw, this.tls, protocols, received, enclosed);
      this.socket = socket;
      return protocol;
    } catch (error) {
      this.signal.throwIfAborted();
      throw new ClientGone(`TLS failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.signal.removeEventListener('abort', abort);
    }
  }

  /** The tenants whose people may come with a token of their own sign-in. */
  get tenants(): readonly string[] {
    return this.#options.admission.tenants(this.#options.engine);
  }

  /** What the client must prove. Throws LoginRefused for what holds for everybody alike. */
  challenge(): Challenge {
    if (this.#attempt === null) throw new Error('a client is introduced before it is challenged');
    return this.#options.admission.challenge(this.#attempt, this.#options.engine);
  }

  /** The client has proved who it is, or failed to. Throws LoginRefused. */
  async admit(challenge: Challenge, proof: Proof): Promise<Permit> {
    return this.#admitted(await this.#options.admission.admit(challenge, proof, this.signal));
  }

  /** The client brought a token of its person's own sign-in. Throws LoginRefused. */
  async admitByToken(token: string): Promise<Permit> {
    if (this.#attempt === null) throw new Error('a client is introduced before it is admitted');
    const { admission, engine } = this.#options;
    return this.#admitted(await admission.admitByToken(this.#attempt, engine, token, this.signal));
  }

  #admitted(permit: Permit): Permit {
    this.#permit = permit;
    this.#options.place.authenticated();
    clearTimeout(this.#timer);
    this.#timer = this.#within(this.#options.limits.openingMs, 'the database took too long to answer');
    permit.signal.addEventListener('abort', this.#withdrawn);
    return permit;
  }

  /** The client went away. */
  gone(why: string): void {
    this.end(new ClientGone(why));
  }

  /** Whatever waits for this client stops waiting. */
  end(why: unknown): void {
    clearTimeout(this.#timer);
    this.#over.abort(why);
  }

  /** The handshake is over, one way or the other: no deadline any more, and nothing that keeps this alive. */
  settled(): void {
    clearTimeout(this.#timer);
    this.#permit?.signal.removeEventListener('abort', this.#withdrawn);
  }

  readonly #withdrawn = (): void => this.end(this.#permit?.signal.reason);

  #within(ms: number, message: string): NodeJS.Timeout {
    const next = 'Try again; if it lasts, tell an administrator.';
    return setTimeout(() => this.end(new LoginRefused('handshake_timeout', message, { next })), ms);
  }
}
