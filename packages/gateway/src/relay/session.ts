/** One session, from its permit to its end: whatever ends it, it ends once, on record, and the client is told why. */
import type { DisconnectReason } from '@tidegate/core';
import type { Aside, Refusal, StatementWalker } from '@tidegate/wire';
import type { Permit } from './admit.ts';
import { because, type Cut, farewell } from './cut.ts';
import type { CancelScope, Ready, RelayEngine } from './engine.ts';
import type { Log } from './log.ts';
import { Pump, type PumpEvents } from './pump.ts';
import type { SessionRecord } from './recorder.ts';
import { LoginRefused } from './refusal.ts';
import type { Turn } from './turn.ts';

/** From a cut to a closed socket, at most: the client may not read, the message in flight may never be whole. */
const CUT_WITHIN_MS = 500;
/** How long one side may take to close after the other did; the server may still be busy with the last statement. */
const LINGER_MS = 10_000;

export interface SessionOptions {
  readonly permit: Permit;
  readonly engine: RelayEngine;
  readonly turn: Turn;
  readonly log: Log;
  /** The grant's end as now known, RFC 3339. */
  readonly expiresAt: () => string | null;
  /** Calls `then` when there is time for it: the client of a session that was cut has been told. */
  readonly afterwards: (then: () => void) => void;
  /** The last call: it no longer counts. `because` is null when it never opened. */
  readonly over: (session: Session, ended: { because: DisconnectReason; by: string | null } | null) => void;
}

export class Session {
  readonly permit: Permit;
  /** RFC 3339. */
  readonly startedAt = Temporal.Now.instant().toString({ smallestUnit: 'millisecond' });
  readonly #options: SessionOptions;
  #state: 'opening' | 'open' | 'ending' | 'over' = 'opening';
  /** Set from `open` on. */
  #relay: {
    readonly pump: Pump;
    readonly walker: StatementWalker;
    readonly record: SessionRecord;
    readonly cancelUpstream: Ready['cancelUpstream'];
    readonly version: number;
    readonly answer: Ready['answer'];
  } | null = null;
  /** Why this side ends it; null while it doesn't. */
  #cutBy: Cut | null = null;
  /** Who ended or closed first; the other follows. */
  #leftFirst: 'client' | 'server' | null = null;
  #clientLeft = false;
  #serverLeft = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.permit = options.permit;
  }

  get statements(): number {
    return this.#relay?.record.statements ?? 0;
  }

  /** The permit came to nothing: the seat is free again. */
  abandon(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'over';
    this.#options.over(this, null);
  }

  /** Both ends are ready and the session's beginning is on record: the client is told, and the relay begins. */
  open(ready: Ready, record: SessionRecord): void {
    if (this.#state !== 'opening') throw new Error('a session opens once');
    this.#state = 'open';
    const { client, server, cancelUpstream, answer, version = 0 } = ready;
    const walker = ready.walker(record);
    const pump = new Pump({ client, server, walker, turn: this.#options.turn, events: this.#events });
    this.#relay = { pump, walker, record, cancelUpstream, version, answer };
    client.write(ready.greeting);
    const { fromClient, fromServer } = ready.takeOver();
    pump.start(fromClient, fromServer);
  }

  /** The session's beginning went on record, but its client was gone by then, or its grant over. */
  stillborn(record: SessionRecord): void {
    if (this.#state !== 'opening') return;
    this.#state = 'over';
    const ended = { because: this.#cutBy?.reason ?? 'client_gone', by: this.#cutBy?.by ?? null };
    record.ended(ended.because, ended.by, 0, 0);
    this.#options.turn.soon();
    this.#options.over(this, null);
  }

  /** Somebody who may has asked to stop it. On record before the server hears of it; false: it did not. */
  async cancel(scope: CancelScope = 'statement'): Promise<boolean> {
    if (this.#state !== 'open') return false;
    this.#relay?.record.cancelled();
    try {
      await this.#options.turn.recorded();
    } catch (error) {
      this.#unrecorded(error);
      return false;
    }
    return this.#stop(scope);
  }

  /** Ends the session from this side; done when the client was told, or within `CUT_WITHIN_MS` without. */
  cut(cut: Cut): void {
    const words = farewell(cut, this.permit, this.#options.expiresAt());
    if (this.#state === 'opening') {
      this.#cutBy ??= cut;
      const code = cut.reason === 'gateway_stopping' || cut.reason === 'out_of_touch' ? cut.reason : 'grant_over';
      this.permit.withdraw(new LoginRefused(code, words.message, { next: words.next }));
    }
    if (this.#state !== 'open' || this.#relay === null) return;
    this.#state = 'ending';
    this.#cutBy = cut;
    const { pump, walker, version } = this.#relay;
    // The server would go on with a statement whose client is gone, for as long as it has nothing to say to it.
    if (!walker.idle) void this.#stop('statement');
    this.#arm(CUT_WITHIN_MS, () => this.#leave());
    pump.close(
      (sequence) => this.#options.engine.farewell(words, sequence, version),
      () =>
        this.#options.afterwards(() => {
          pump.destroyServer();
          this.#over();
        }),
    );
  }

  readonly #events: PumpEvents = {
    clientEnded: () => this.#clientEnded(),
    clientClosed: () => this.#clientClosed(),
    serverEnded: () => this.#serverEnded(),
    serverClosed: (error) => this.#serverClosed(error),
    aside: (aside) => void this.#aside(aside),
    violated: (refusal) => this.#violated(refusal),
    unrecorded: (error) => this.#unrecorded(error),
  };

  #clientEnded(): void {
    this.#clientLeaves();
    if (this.#state === 'open') this.#relay?.pump.endServer();
  }

  /** The server finishes what it was told, as without a gateway; for some time its outcomes still go on record. */
  #clientClosed(): void {
    this.#clientLeaves();
    if (this.#state !== 'open' || this.#serverLeft) {
      this.#leave();
      return;
    }
    this.#relay?.pump.forgetClient();
    this.#relay?.pump.endServer();
    this.#arm(LINGER_MS, () => {
      if (this.#relay?.walker.idle === false) void this.#stop('statement');
      this.#leave();
    });
  }

  #clientLeaves(): void {
    this.#clientLeft = true;
    this.#leftFirst ??= 'client';
  }

  #serverEnded(): void {
    if (this.#state !== 'open') return;
    this.#serverLeft = true;
    this.#leftFirst ??= 'server';
    this.#relay?.pump.endClient();
    // A client that neither reads what is left nor closes is not waited for.
    if (!this.#clientLeft) this.#arm(LINGER_MS, () => this.#leave());
  }

  #serverClosed(error: Error | null): void {
    if (this.#state === 'ending') this.#leave();
    if (this.#state !== 'open') return;
    if (error !== null && !this.#clientLeft) this.cut(because('server_gone'));
    else if (this.#clientLeft) this.#leave();
    else this.#serverEnded();
  }

  /** A command for the gateway itself: on record, done, and answered. */
  async #aside(aside: Aside): Promise<void> {
    const relay = this.#relay;
    if (relay === null || relay.answer === null) throw new Error('a command that nobody answers');
    try {
      await this.#options.turn.recorded();
    } catch (error) {
      this.#unrecorded(error);
      return;
    }
    relay.pump.answer(await relay.answer(aside));
  }

  #violated(refusal: Refusal): void {
    const { code, message, side } = refusal;
    this.#options.log.warn({ session: this.permit.session, side, code }, `session ends: ${message}`);
    this.cut({ ...because('protocol_violation'), violation: { code, message } });
  }

  #unrecorded(error: unknown): void {
    this.#options.log.error({ session: this.permit.session, err: error }, 'session ends: it can not be recorded');
    this.cut(because('record_unavailable'));
  }

  /** Nothing more is to be waited for. */
  #leave(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#relay?.pump.destroy();
    this.#over();
  }

  /** On record: how it ended, and that whatever has no outcome yet will not get one. */
  #over(): void {
    if (this.#state === 'over' || this.#relay === null) return;
    this.#state = 'over';
    const { pump, walker, record } = this.#relay;
    const reason = this.#reason(walker);
    const by = this.#cutBy?.by ?? null;
    walker.abandon();
    record.ended(reason, by, pump.bytesToClient, pump.bytesToServer);
    this.#options.turn.soon();
    this.#options.over(this, { because: reason, by });
  }

  #reason(walker: StatementWalker): DisconnectReason {
    if (this.#cutBy !== null) return this.#cutBy.reason;
    if (walker.goodbye) return 'client_closed';
    if (this.#leftFirst === 'server') return 'server_closed';
    return !this.#options.engine.saysGoodbye && walker.idle ? 'client_closed' : 'client_gone';
  }

  async #stop(scope: CancelScope): Promise<boolean> {
    try {
      await this.#relay?.cancelUpstream(scope);
      return true;
    } catch (error) {
      this.#options.log.warn(
        { session: this.permit.session, err: error },
        'a cancel request did not reach the database',
      );
      return false;
    }
  }

  #arm(ms: number, then: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }
}
