/**
 * What must be remembered from earlier entries to read later ones: who is connected, the texts of prepared statements,
 * what still runs and since when. Can be written down and taken up again (docs/ARCHITECTURE.md, The spool), so that a
 * gateway that was restarted reads the rest of a stream as if it had never stopped.
 */
import { z } from 'zod';
import type { SessionInfo } from '../relay/recorder.ts';

export interface Prepared {
  readonly name: string;
  /** Of the whole text as sent, in bytes. */
  readonly bytes: number;
  /** Left out where it was too long to repeat, is not recorded, or was made by SQL text. */
  readonly text: string | null;
  readonly fingerprint: string | null;
  /** Its parameters' types in the engine's own form. */
  types: Buffer | null;
}

/** What is coming in parts. `carry`: the beginning of a character that the last piece ended with. */
export interface Parts {
  readonly ref: number;
  readonly text: boolean;
  carry: Buffer;
}

export class SessionState {
  readonly info: SessionInfo;
  /** Operations without an outcome yet, and when they came (the writer's clock). */
  readonly running = new Map<number, number>();
  /** The next execution uses this one if that fails. */
  alternative: { op: number; other: number } | null = null;
  parts: Parts | null = null;
  /** Statements so far. */
  statements = 0;
  /** Statements by name, the newest last: one that is prepared anew makes the older ones of no further use. */
  readonly names = new Map<string, number[]>();

  constructor(info: SessionInfo) {
    this.info = info;
  }
}

/** All prepared statements together may take this much memory; the longest unused are forgotten first. */
const PREPARED_MAX = 32 * 1024 * 1024;
/** Clients that pipeline may go on with an older statement of the same name, when the newer fails. */
const OLDER_KEPT = 4;

const snapshot = z.object({
  version: z.literal(1),
  sessions: z.array(
    z.object({
      number: z.int(),
      info: z.custom<SessionInfo>((value) => typeof value === 'object' && value !== null),
      running: z.array(z.tuple([z.int(), z.number()])),
      alternative: z.object({ op: z.int(), other: z.int() }).nullable(),
      statements: z.int(),
      parts: z.object({ ref: z.int(), text: z.boolean(), carry: z.string() }).nullable(),
    }),
  ),
  prepared: z.array(
    z.object({
      session: z.int(),
      statement: z.int(),
      name: z.string(),
      bytes: z.int(),
      text: z.string().nullable(),
      fingerprint: z.string().nullable(),
      types: z.string().nullable(),
    }),
  ),
});

export class DecodeState {
  readonly sessions = new Map<number, SessionState>();
  /** Insertion order is order of use. */
  readonly #prepared = new Map<string, Prepared>();
  #preparedBytes = 0;

  open(number: number, info: SessionInfo): void {
    if (!this.sessions.has(number)) this.sessions.set(number, new SessionState(info));
  }

  close(number: number): void {
    const session = this.sessions.get(number);
    this.sessions.delete(number);
    for (const statements of session?.names.values() ?? []) {
      for (const statement of statements) this.#drop(key(number, statement));
    }
  }

  remember(number: number, statement: number, prepared: Prepared): void {
    const session = this.sessions.get(number);
    if (session === undefined) return;
    const same = session.names.get(prepared.name) ?? [];
    same.push(statement);
    session.names.set(prepared.name, same);
    this.#prepared.set(key(number, statement), prepared);
    this.#preparedBytes += weight(prepared);
    while (same.length > OLDER_KEPT) this.#drop(key(number, same.shift() ?? 0));
    for (const oldest of this.#prepared.keys()) {
      if (this.#preparedBytes <= PREPARED_MAX) break;
      this.#drop(oldest);
    }
  }

  prepared(number: number, statement: number): Prepared | undefined {
    const id = key(number, statement);
    const found = this.#prepared.get(id);
    if (found !== undefined) {
      this.#prepared.delete(id);
      this.#prepared.set(id, found);
    }
    return found;
  }

  /** JSON; see `restore`. */
  write(): string {
    const sessions = [...this.sessions].map(([number, { info, running, alternative, statements, parts }]) => ({
      number,
      info,
      running: [...running],
      alternative,
      statements,
      parts: parts === null ? null : { ...parts, carry: parts.carry.toString('base64') },
    }));
    const prepared = [...this.#prepared].map(([id, { types, ...rest }]) => {
      const [session, statement] = id.split(':').map(Number);
      return { session, statement, ...rest, types: types?.toString('base64') ?? null };
    });
    return JSON.stringify({ version: 1, sessions, prepared });
  }

  /** What `write` gave. Throws when it is something else. */
  static restore(json: string): DecodeState {
    const state = new DecodeState();
    const { sessions, prepared } = snapshot.parse(JSON.parse(json));
    for (const { number, info, running, alternative, statements, parts } of sessions) {
      const session = new SessionState(info);
      for (const [op, since] of running) session.running.set(op, since);
      session.alternative = alternative;
      session.statements = statements;
      session.parts = parts === null ? null : { ...parts, carry: Buffer.from(parts.carry, 'base64') };
      state.sessions.set(number, session);
    }
    for (const { session, statement, types, ...rest } of prepared) {
      state.remember(session, statement, { ...rest, types: types === null ? null : Buffer.from(types, 'base64') });
    }
    return state;
  }

  #drop(id: string): void {
    const prepared = this.#prepared.get(id);
    if (prepared === undefined) return;
    this.#prepared.delete(id);
    this.#preparedBytes -= weight(prepared);
  }
}

const key = (session: number, statement: number): string => `${session}:${statement}`;
const weight = (prepared: Prepared): number => 200 + prepared.name.length * 2 + (prepared.text?.length ?? 0) * 2;
