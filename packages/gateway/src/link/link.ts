/**
 * The link: this gateway's one connection to the control plane, dialled from here, again and again. Desired state comes
 * down and is acknowledged when every relay worker knows it; what is goes up. The gateway works on from what it knows
 * while nobody answers.
 */
import { type FromGateway, LINK_PROTOCOL, type LookAnswer, type LookFor, type ToGateway } from '@tidegate/contract';
import type { PersonName, ResourceName, SessionId } from '@tidegate/core';
import type { DesiredSource } from '../reconciler/ports.ts';
import type { Contact } from '../worker-protocol.ts';
import { LinkClock } from './clock.ts';
import { type Ended, LinkConnection } from './connection.ts';
import { type ChangeMessage, DesiredState, type StateMessage } from './desired.ts';
import { parseAddress } from './http.ts';
import type { Identity } from './identity.ts';

type Hello = Extract<FromGateway, { type: 'hello' }>;

export interface LinkLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LinkOptions {
  /** Asked anew for each connection: it may have been renewed. */
  readonly identity: () => Identity;
  readonly version: string;
  /** What is told of this gateway when it connects. */
  readonly about: () => Pick<Hello, 'listeners' | 'listenerCa' | 'sessions'>;
  /** Brings every relay worker to this state; resolves when all know it. */
  readonly apply: (message: StateMessage | ChangeMessage) => Promise<void>;
  readonly cut: (session: SessionId, reason: string, by: PersonName) => void;
  /** A question about a database. Never rejects. */
  readonly look: (resource: ResourceName, wanted: LookFor) => Promise<LookAnswer>;
  /** The control plane was heard, or its limits changed. */
  readonly onContact: () => void;
  /** The whole state came: the link can be used. */
  readonly onUp: () => void;
  readonly log: LinkLog;
}

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;
/** Until the control plane says otherwise. */
const STALE_AFTER_MS = 30_000;
const CUT_AFTER_MS = 300_000;

export class Link implements DesiredSource {
  readonly #options: LinkOptions;
  readonly #clock = new LinkClock();
  readonly #desired = new DesiredState();
  readonly #stopping = new AbortController();
  #connection: LinkConnection | null = null;
  #heardAt: number | null = null;
  /** The whole state came over this connection. */
  #up = false;
  /** A whole state was asked for; changes until it comes are of no use. */
  #resyncing = false;
  #staleAfterMs = STALE_AFTER_MS;
  #cutAfterMs = CUT_AFTER_MS;
  #running: Promise<void> | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.close();
    await this.#running;
  }

  /** Dials anew, with the identity as it is now. */
  reconnect(): void {
    this.#connection?.close();
  }

  /** Dropped while there is no contact. */
  send(message: FromGateway): void {
    this.#connection?.send(message);
  }

  snapshot() {
    return this.#desired.snapshot();
  }

  onChange(listener: () => void): () => void {
    return this.#desired.onChange(listener);
  }

  lastContact(): number | null {
    return this.#up ? this.#heardAt : null;
  }

  get revision(): number {
    return this.#desired.revision;
  }

  /** For relay workers; `agoMs` is measured from here. */
  contact(): Contact {
    return {
      agoMs: this.#heardAt === null ? null : performance.now() - this.#heardAt,
      controlNow: this.#clock.controlNow(),
      staleAfterMs: this.#staleAfterMs,
      cutAfterMs: this.#cutAfterMs,
    };
  }

  /** The control plane's clock, milliseconds since the epoch; this machine's while that is unknown. */
  controlNow(): number {
    return this.#clock.controlNow() ?? Date.now();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    let told = '';
    while (!signal.aborted) {
      const { wasUp, why, status } = await this.#connect();
      if (signal.aborted) return;
      failures = wasUp ? 0 : failures + 1;
      // Once for each outage, and when the reason becomes another; not for each attempt.
      if (wasUp || why !== told)
        this.#options.log.warn({ why, next: nextStep(status) }, 'no link to the control plane');
      told = why;
      const most = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
      await pause(most * (0.5 + Math.random() / 2), signal);
    }
  }

  async #connect(): Promise<Ended & { wasUp: boolean }> {
    const identity = this.#options.identity();
    const dialledAt = performance.now();
    const connection = new LinkConnection({
      address: parseAddress(identity.address),
      tls: { ca: identity.ca, key: identity.key, cert: identity.certificate },
      onOpen: () => this.#hello(connection),
      onMessage: (message) => this.#heard(connection, message, dialledAt),
    });
    this.#connection = connection;
    this.#resyncing = false;
    const ended = await connection.ended;
    const wasUp = this.#up;
    this.#up = false;
    this.#connection = null;
    return { ...ended, wasUp };
  }

  #hello(connection: LinkConnection): void {
    const { about, version } = this.#options;
    connection.send({ type: 'hello', protocol: LINK_PROTOCOL, version, ...about() });
  }

  #heard(connection: LinkConnection, message: ToGateway, dialledAt: number): void {
    if (connection !== this.#connection) return;
    switch (message.type) {
      case 'welcome':
        this.#staleAfterMs = message.staleAfterMs;
        this.#cutAfterMs = message.cutAfterMs;
        connection.pingEvery(message.staleAfterMs / 4);
        // A first idea of its clock; the first pong makes a better one.
        this.#clock.add(dialledAt, performance.now(), Temporal.Instant.from(message.now).epochMilliseconds);
        break;
      case 'pong': {
        const now = performance.now();
        if (message.echo > now) return;
        this.#clock.add(message.echo, now, message.now);
        // Before the whole state has come, what we know may be from before a revoke: that is not being in touch.
        if (this.#up) this.#contacted();
        break;
      }
      case 'state':
        this.#resyncing = false;
        this.#desired.replace(message);
        this.#apply(connection, message);
        if (!this.#up) this.#options.log.info(countsOf(message), 'linked to the control plane');
        this.#up = true;
        this.#contacted();
        this.#options.onUp();
        break;
      case 'change':
        if (this.#resyncing) break;
        if (this.#desired.change(message)) {
          this.#apply(connection, message);
        } else {
          this.#resyncing = true;
          connection.send({ type: 'resync' });
        }
        break;
      case 'cut':
        this.#options.cut(message.session, message.reason, message.by);
        break;
      case 'look':
        void this.#look(connection, message.id, message.resource, message.wanted);
        break;
    }
  }

  /** The answer goes where the question came from; who asked over a connection that is gone waits for none. */
  async #look(connection: LinkConnection, id: string, resource: ResourceName, wanted: LookFor): Promise<void> {
    connection.send({ type: 'seen', id, answer: await this.#options.look(resource, wanted) });
  }

  #contacted(): void {
    this.#heardAt = performance.now();
    this.#options.onContact();
  }

  /** An acknowledgement belongs to the connection over which the revision came: numbers begin anew with each. */
  #apply(connection: LinkConnection, message: StateMessage | ChangeMessage): void {
    const { revision } = message;
    this.#options.apply(message).then(
      () => connection.send({ type: 'ack', revision }),
      (error: unknown) => this.#options.log.warn({ revision, err: error }, 'not every relay worker knows a revision'),
    );
  }
}

const countsOf = ({ resources, grants }: StateMessage) => ({ resources: resources.length, grants: grants.length });

/** What an operator can do about it, where that is not to wait. */
function nextStep(status: number | null): string | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return 'The control plane does not let this gateway in: if it was removed there, let it join again with a new token.';
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const done = () => resolve();
  signal.addEventListener('abort', done, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', done);
  });
}
