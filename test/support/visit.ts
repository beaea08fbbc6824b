/**
 * One short grant from its opening to after its end, watched from where it must not be: inside. A client asks all the
 * time and comes back whenever it is cut, until well after the end; nothing may be answered then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { GrantView } from '@tidegate/contract';
import pg from 'pg';
import { granted, type People, patiently, wayIn } from './people.ts';
import type { Random } from './random.ts';

export type Ending = 'expires' | 'revoked' | 'relinquished';

export interface Visit {
  readonly grant: string;
  readonly ending: Ending;
  /** When the right ended, ms since the epoch: `expiresAt`, or when taking it away was answered, if that was earlier. */
  readonly endedAt: number;
  /** When the last answer came and when the last connection was closed; null: it never got in. */
  readonly lastAnswerAt: number | null;
  readonly closedAt: number | null;
  readonly answers: number;
}

/** How long after the end it goes on trying. */
const AFTER_MS = 3_000;
/** A part that was killed is back, and knows again, within this. */
const AWAY_MS = 30_000;

/** null: the grant could not be had while a part was away, which is no fault: nobody was let in. */
export async function visit(people: People, random: Random): Promise<Visit | null> {
  const seconds = random.between(3, 10);
  const ending = random.pick<Ending>(['expires', 'expires', 'revoked', 'relinquished']);
  const grant = await patiently(() => granted(people, `PT${seconds}S`), AWAY_MS);
  const way = await patiently(() => wayIn(people, grant), AWAY_MS).catch(() => null);
  if (way === null) return null;
  const expiresAt = Date.parse(way.expiresAt);
  const guest = new Guest(way, expiresAt);
  await delay(ending === 'expires' ? 0 : Math.max(0, (expiresAt - Date.now()) * random.next()));
  const takenAt = await taken(people, grant, ending);
  const endedAt = Math.min(expiresAt, takenAt ?? expiresAt);
  guest.until(endedAt + AFTER_MS);
  await guest.ended;
  return { grant: grant.id, ending, endedAt, ...guest.seen };
}

/** When it was answered; null: it ends by itself, also because nobody could be asked to end it. */
async function taken({ alice, carol }: People, { id }: GrantView, ending: Ending): Promise<number | null> {
  if (ending === 'expires') return null;
  try {
    if (ending === 'revoked') await carol.revokeGrant({ id, reason: 'test' });
    else await alice.relinquishGrant({ id });
    return Date.now();
  } catch {
    return null; // away, or it had ended before
  }
}

class Guest {
  readonly ended: Promise<void>;
  #lastAnswerAt: number | null = null;
  #closedAt: number | null = null;
  #answers = 0;
  #until: number;

  constructor(door: pg.ClientConfig, expiresAt: number) {
    this.#until = expiresAt + AFTER_MS;
    this.ended = this.#run(door);
  }

  get seen() {
    return { lastAnswerAt: this.#lastAnswerAt, closedAt: this.#closedAt, answers: this.#answers };
  }

  until(at: number): void {
    this.#until = at;
  }

  async #run({ host, port, user, password, database }: pg.ClientConfig): Promise<void> {
    while (Date.now() < this.#until) {
      const client = new pg.Client({
        host,
        port,
        user,
        password,
        database,
        ssl: false,
        connectionTimeoutMillis: 2_000,
      });
      client.on('error', () => undefined); // the query under way, or the next, says so
      try {
        await client.connect();
        client.on('end', () => {
          this.#closedAt = Date.now();
        });
        while (Date.now() < this.#until) {
          await client.query('SELECT 1');
          this.#lastAnswerAt = Date.now();
          this.#answers += 1;
          await delay(50);
        }
        await client.end();
      } catch {
        // Cut, refused, or the gateway is away: try again until the end of the watch.
        client.connection?.stream.destroy();
        await delay(100);
      }
    }
  }
}
