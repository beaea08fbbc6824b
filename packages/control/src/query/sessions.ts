/**
 * SQL that is run in the browser. A session is opened through a gateway's listener with a ticket of the caller's own
 * grant, as any client's: the same principal, the same record, the same end. The control plane never dials a database,
 * and holds nothing that a person's own client would not.
 *
 * Sessions live in this process. Another control plane does not know them: the page then opens one there.
 */
import { randomBytes } from 'node:crypto';
import type { Connection, QueryLine, QuerySchema, QuerySession } from '@tidegate/contract';
import { type Engine, type GrantId, type PersonName, randomText, TidegateError } from '@tidegate/core';
import { connect, type Wanted } from '../access/connect.ts';
import { resourceNamed } from '../access/in-force.ts';
import { readGrantRow } from '../access/rows.ts';
import { revokeIssued } from '../access/tickets.ts';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import type { WaitForTicket } from '../link/tickets.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { type Driver, type OpenDriver, SqlError } from './driver.ts';
import { endOfGrant } from './ended.ts';
import { Lines } from './lines.ts';
import { openPostgres } from './postgres.ts';
import { readSchema } from './schema.ts';

/**
 * Exhaustive: a new engine does not compile without its driver. Those with a client library of their own are loaded when
 * somebody opens a session: they are a third of what a control plane would load to start.
 */
const DRIVERS: Readonly<Record<Engine, OpenDriver>> = {
  postgres: openPostgres,
  mysql: async (...args) => (await import('./mysql.ts')).openMysql(...args),
  sqlserver: async (...args) => (await import('./sqlserver.ts')).openSqlserver(...args),
};

const ROWS_MAX = 100_000;
const BYTES_MAX = 32 * 1024 * 1024;
/** Unused for so long, a session ends: somebody closed the browser. */
const IDLE_MS = 10 * 60_000;
/** Why a session ended is told for so long after. */
const TOLD_MS = 10 * 60_000;
const A_PERSON = 5;
const IN_ALL = 200;

interface Open {
  readonly id: string;
  readonly person: PersonName;
  readonly connection: Connection;
  readonly resource: Wanted['resource'];
  readonly driver: Driver;
  running: { cancelled: boolean } | null;
  /** Why it is over; null: it is open. */
  ended: string | null;
  timer: NodeJS.Timeout | undefined;
}

export interface Exported {
  readonly format: 'csv' | 'json';
  readonly rows: number;
}

export type QueryContext = Context & { readonly waitForTicket: WaitForTicket };

export class QuerySessions {
  readonly #context: QueryContext;
  readonly #sessions = new Map<string, Open>();
  /** Logins under way count too. */
  readonly #opening = new Map<PersonName, number>();

  constructor(context: QueryContext) {
    this.#context = context;
  }

  /** Throws what `connect` throws, `too_many_tickets` for too many sessions, `gateway_unavailable` when it lets nobody in. */
  async open(caller: Caller, wanted: Wanted, signal: AbortSignal): Promise<QuerySession> {
    this.#assertRoom(caller.name);
    this.#opening.set(caller.name, (this.#opening.get(caller.name) ?? 0) + 1);
    try {
      const connection = await connect(this.#context, caller, wanted, signal);
      const driver = await this.#login(caller, connection);
      const id = `qry_${randomText(randomBytes, 16)}`;
      const { resource } = wanted;
      const session: Open = {
        id,
        person: caller.name,
        connection,
        resource,
        driver,
        running: null,
        ended: null,
        timer: undefined,
      };
      this.#sessions.set(id, session);
      driver.onLost((why) => this.#lost(session, why));
      this.#idle(session);
      const { grant, engine, database, expiresAt } = connection;
      const limits = { rows: ROWS_MAX, bytes: BYTES_MAX };
      const mayExport = await this.#mayExport(resource, grant);
      return { id, grant, resource, engine, database, expiresAt, limits, mayExport };
    } finally {
      const left = (this.#opening.get(caller.name) ?? 1) - 1;
      if (left === 0) this.#opening.delete(caller.name);
      else this.#opening.set(caller.name, left);
    }
  }

  async schema(caller: Caller, id: string): Promise<QuerySchema> {
    const session = this.#ready(caller, id);
    session.running = { cancelled: false };
    clearTimeout(session.timer);
    try {
      return await readSchema(session.driver, session.connection.engine);
    } catch (error) {
      if (!(error instanceof SqlError) && session.ended === null) throw error;
      // A principal that may not look at the catalogue completes nothing; that is no fault.
      return { tables: [], truncated: false };
    } finally {
      session.running = null;
      this.#idle(session);
    }
  }

  /**
   * Rows that the browser has are about to be saved there: on record first. Also of a session that has ended. Throws
   * `not_found`, and `forbidden` where neither its rule nor the resource allows it, on record too.
   */
  async exported(caller: Caller, id: string, { format, rows }: Exported): Promise<void> {
    const { resource, connection } = this.#own(caller, id);
    const data = { person: caller.name, grant: connection.grant, resource, format, rows };
    await recorded(this.#context, { kind: 'query.export.refused', data }, async () => {
      if (await this.#mayExport(resource, connection.grant)) return;
      throw new TidegateError(
        'forbidden',
        `Results of ${resource} cannot be saved under this grant.`,
        'Ask an administrator.',
      );
    });
    const { store, now } = this.#context;
    await store.transaction((tx) => appendEvent(tx, { kind: 'query.exported', at: now(), data }));
  }

  /** Lines of the answer, made while they are read. When the reader is gone, what runs is stopped. */
  run(caller: Caller, id: string, sql: string, maxRows: number, signal: AbortSignal): AsyncIterable<QueryLine> {
    const session = this.#ready(caller, id);
    const running = { cancelled: false };
    session.running = running;
    clearTimeout(session.timer);
    const stop = (): void => this.#stop(session);
    const lines = new Lines(
      { rows: Math.min(maxRows, ROWS_MAX), bytes: BYTES_MAX },
      {
        hold: () => session.driver.pause(),
        letGo: () => session.driver.resume(),
        enough: stop,
      },
    );
    const gone = (): void => {
      running.cancelled = true;
      stop();
      // Nobody takes the rest, and the server must be read to its end before anything else can run.
      session.driver.resume();
    };
    signal.addEventListener('abort', gone, { once: true });
    const began = performance.now();
    void session.driver
      .run(sql, lines)
      .then(
        () => endLine(lines.limited ? 'limited' : 'done', null),
        (error: unknown) => this.#failed(session, error, { limited: lines.limited, cancelled: running.cancelled }),
      )
      .then((end) => {
        signal.removeEventListener('abort', gone);
        session.running = null;
        this.#idle(session);
        lines.end({ ...end, durationMs: Math.round(performance.now() - began) });
      });
    return lines;
  }

  async cancel(caller: Caller, id: string): Promise<void> {
    const session = this.#own(caller, id);
    if (session.running === null) return;
    session.running.cancelled = true;
    await session.driver.cancel();
  }

  async close(caller: Caller, id: string): Promise<void> {
    await this.#end(this.#own(caller, id), 'You closed it.');
  }

  /** Ends every session: the control plane stops. */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#sessions.values()].map((session) => this.#end(session, 'Tidegate is being restarted.')),
    );
    this.#sessions.clear();
  }

  /** The word of the rule that gave the grant; where it left that open, the resource's as it stands now. */
  async #mayExport(resource: Wanted['resource'], grant: GrantId): Promise<boolean> {
    const { db } = this.#context.store;
    const { mayExport } = await readGrantRow(db, grant);
    return mayExport ?? resourceNamed(await currentConfig(db), resource).allow.export;
  }

  async #login(caller: Caller, connection: Connection): Promise<Driver> {
    try {
      return await DRIVERS[connection.engine](connection, `tidegate-web (${caller.address})`);
    } catch (error) {
      await revokeIssued(this.#context, connection.grant, connection.ticket, caller.name, 'the login failed');
      this.#context.log.warn({ err: error, gateway: connection.gateway }, 'a query session could not be opened');
      const said = error instanceof Error ? error.message : 'It did not say why.';
      throw new TidegateError(
        'gateway_unavailable',
        `The gateway ${connection.gateway} let nobody in: ${said}`,
        'Try again.',
      );
    }
  }

  #assertRoom(person: PersonName): void {
    const open = [...this.#sessions.values()].filter(({ ended }) => ended === null);
    const own = open.filter((session) => session.person === person).length + (this.#opening.get(person) ?? 0);
    if (own >= A_PERSON) {
      throw new TidegateError('too_many_tickets', `You have ${own} query sessions open.`, 'Close one of them.');
    }
    if (open.length >= IN_ALL) {
      throw new TidegateError('unavailable', 'Too many query sessions are open just now.', 'Try again in a minute.');
    }
  }

  /** The caller's own; others' cannot be told apart from none. */
  #own(caller: Caller, id: string): Open {
    const session = this.#sessions.get(id);
    if (session === undefined || session.person !== caller.name) {
      throw new TidegateError('not_found', `There is no query session ${id}.`, 'Open another.');
    }
    return session;
  }

  #ready(caller: Caller, id: string): Open {
    const session = this.#own(caller, id);
    if (session.ended !== null) {
      throw new TidegateError('wrong_state', `The query session has ended: ${session.ended}`, 'Open another.');
    }
    if (session.running !== null) {
      throw new TidegateError('conflict', 'A statement is running in this session.', 'Wait for it, or cancel it.');
    }
    return session;
  }

  /** How a run ended that the server or the connection ended. What is fatal ends the session too. */
  #failed(session: Open, error: unknown, { limited, cancelled }: { limited: boolean; cancelled: boolean }): Over {
    const said = error instanceof Error ? error.message : String(error);
    if (!(error instanceof SqlError) || error.fatal) {
      this.#lost(session, said);
      return { ...endLine('ended', session.ended), code: error instanceof SqlError ? error.code : null };
    }
    if (limited) return endLine('limited', null);
    if (cancelled) return endLine('cancelled', null);
    return { ...endLine('error', said), code: error.code, position: error.position };
  }

  #stop(session: Open): void {
    if (session.ended !== null) return;
    session.driver.cancel().catch((error: unknown) => {
      // Then nothing can stop it but the session's end.
      this.#context.log.warn({ err: error }, 'a statement could not be cancelled');
      void this.#end(session, 'A statement could not be cancelled.');
    });
  }

  #idle(session: Open): void {
    clearTimeout(session.timer);
    if (session.ended !== null) return;
    session.timer = setTimeout(() => void this.#end(session, 'It was not used for ten minutes.'), IDLE_MS).unref();
  }

  #lost(session: Open, why: string): void {
    if (session.ended !== null) return;
    session.ended = why !== '' ? why : 'The gateway closed it.';
    if (why === '') void this.#learnEnd(session);
    this.#forget(session);
  }

  async #learnEnd(session: Open): Promise<void> {
    try {
      session.ended = (await endOfGrant(this.#context.store.db, session.connection.grant)) ?? session.ended;
    } catch (error) {
      this.#context.log.warn({ err: error }, 'why a query session ended could not be looked up');
    }
  }

  async #end(session: Open, why: string): Promise<void> {
    if (session.ended !== null) return;
    session.ended = why;
    session.driver.close();
    this.#forget(session);
    const { grant, ticket } = session.connection;
    await revokeIssued(this.#context, grant, ticket, session.person, 'the query session ended').catch(
      (error: unknown) =>
        // It dies with its grant in any case.
        this.#context.log.warn({ err: error, ticket }, 'a ticket could not be revoked'),
    );
  }

  /** Kept a while, so that the next call is told why. */
  #forget(session: Open): void {
    clearTimeout(session.timer);
    session.timer = setTimeout(() => this.#sessions.delete(session.id), TOLD_MS).unref();
  }
}

type End = Extract<QueryLine, { type: 'end' }>;
type Over = Omit<End, 'durationMs'>;

const endLine = (state: End['state'], message: string | null): Over => ({
  type: 'end',
  state,
  message,
  code: null,
  position: null,
});
