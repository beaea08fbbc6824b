/**
 * Minutes of bad luck (promises 2, 3 and 4): parts are killed with -9 at random moments, sometimes several at once, while
 * four kinds of client work and short grants open, expire and are taken away. After each round the record must hold
 * everything that was answered and verify, and nothing may be left of a grant that ended.
 *
 * TIDEGATE_FAULT_MINUTES (5) and TIDEGATE_FAULT_SEED say how long and which; the seed is printed.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Door, type Load, NodePostgres } from './support/load.ts';
import { granted, type People, patiently, people, wayIn } from './support/people.ts';
import { killPart, PARTS, type Part } from './support/processes.ts';
import { Pgbench, PostgresJs, Psql } from './support/programs.ts';
import { Random } from './support/random.ts';
import { recorded } from './support/record.ts';
import { Tidegate } from './support/tidegate.ts';
import { type Visit, visit } from './support/visit.ts';

const MINUTES = Number(process.env.TIDEGATE_FAULT_MINUTES ?? '5');
const SEED = Number(process.env.TIDEGATE_FAULT_SEED ?? String(Date.now() % 1_000_000_000));
const KILLS_A_ROUND = 5;
const VISITORS = 6;
/** How long a session may outlive its right. */
const CUT_WITHIN_MS = 1_000;
const BACK_WITHIN_MS = 30_000;
/** The longest that a person waits for nothing to be left, and an auditor for the record. */
const SETTLED_WITHIN_MS = 60_000;

let tidegate: Tidegate;
let who: People;
let door: Door & { readonly grant: string };
const loads: Load[] = [];
const kills = new Map<Part, number>(PARTS.map((part) => [part, 0]));
/** Since when a decision could not reach the gateways, until when: a right that is taken away meanwhile ends with it. */
const away: { from: number; to: number }[] = [];
const visits: Visit[] = [];
const lag = monitorEventLoopDelay({ resolution: 20 });

beforeAll(async () => {
  console.log(`seed ${SEED}, ${MINUTES} minutes`);
  tidegate = await Tidegate.start();
  who = await people(tidegate.url);
  const grant = await granted(who, 'PT2H');
  door = { ...(await patiently(() => wayIn(who, grant), BACK_WITHIN_MS)), grant: grant.id };
  loads.push(
    new NodePostgres(door, 100_000_000, 20),
    new PostgresJs(door, 200_000_000),
    new Psql(door, 300_000_000),
    new Pgbench(door, 400_000_000),
  );
  for (const load of loads) load.start();
  await Promise.all(loads.map((load) => load.progress(20)));
  lag.enable();
});

afterAll(async () => {
  await Promise.all(loads.map((load) => load.stop()));
  await tidegate?.[Symbol.asyncDispose]();
});

test(
  'nothing acknowledged is lost, no session outlives its right, no principal is left',
  async () => {
    const random = new Random(SEED);
    const until = Date.now() + MINUTES * 60_000;
    for (let round = 1; Date.now() < until; round += 1) {
      for (const load of loads) load.resume();
      await badLuck(random);
      await whole();
      await Promise.all(loads.map((load) => load.progress(20)));
      for (const load of loads) load.pause();
      const settled = await check();
      console.log(`round ${round}: ${settled}`);
    }
    expect(visits.length).toBeGreaterThan(0);
    console.log(summary());
  },
  MINUTES * 60_000 + 300_000,
);

/** Kills at random moments, while visitors come and go; until the last of them has left. */
async function badLuck(random: Random): Promise<void> {
  let over = false;
  const visitors = Array.from({ length: VISITORS }, async () => {
    const own = random.fork();
    while (!over) {
      const seen = await visit(who, own);
      if (seen !== null) visits.push(seen);
    }
  });
  const back: Promise<void>[] = [];
  for (let kill = 0; kill < KILLS_A_ROUND; kill += 1) {
    await delay(random.between(100, 6_000));
    const part = random.pick(PARTS);
    if (killPart(tidegate.process.pid ?? 0, part).length === 0) continue; // killed a moment ago, and not back yet
    kills.set(part, (kills.get(part) ?? 0) + 1);
    back.push(decisionsReachGateways());
  }
  over = true;
  await Promise.all([...visitors, ...back]);
}

/** Notes from when to when a revoke could not get through. */
async function decisionsReachGateways(): Promise<void> {
  const span = { from: Date.now(), to: Number.POSITIVE_INFINITY };
  away.push(span);
  await whole();
  span.to = Date.now();
}

/** Resolves when a ticket can be had and thus is known to a gateway: control plane, store, link and workers are there. */
async function whole(): Promise<void> {
  const { ticket } = await patiently(
    () => who.alice.connect({ resource: 'orders', grant: door.grant }),
    BACK_WITHIN_MS,
  );
  await patiently(() => who.alice.revokeTicket({ id: door.grant, ticket }), BACK_WITHIN_MS);
}

async function check(): Promise<string> {
  expect(visits.filter(outlived)).toEqual([]);

  const from = Date.now();
  const acknowledged = loads.flatMap((load) => load.acknowledged);
  let entries = 0;
  const missing = async (): Promise<number> => {
    const { verification, asked } = await recorded(who.carol);
    expect(verification).toMatchObject({ ok: true, failure: null });
    entries = verification.entries;
    return acknowledged.filter((value) => !asked.has(value)).length;
  };
  await expect.poll(missing, { timeout: SETTLED_WITHIN_MS, interval: 500 }).toBe(0);
  const recordedAt = Date.now();

  const client = new pg.Client({ ...door, ssl: false });
  await client.connect();
  const left = async (): Promise<string[]> => {
    const { rows } = await client.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'alice.g%'");
    return rows.map(({ rolname }) => String(rolname)).filter((name) => name !== door.user);
  };
  await expect.poll(left, { timeout: SETTLED_WITHIN_MS, interval: 500 }).toEqual([]);
  await client.end();
  const { items } = await who.carol.grants({ state: 'open' });
  expect(items.map(({ id }) => id)).toEqual([door.grant]);

  return `${acknowledged.length} answers on record after ${recordedAt - from} ms, ${entries} entries verify, nothing is left after ${Date.now() - from} ms`;
}

/** When a visit's right ended for the gateways: with its grant, or when they could hear that it was taken away. */
function heardAt({ ending, endedAt }: Visit): number {
  if (ending === 'expires') return endedAt;
  const during = away.filter(({ from, to }) => from <= endedAt + CUT_WITHIN_MS && to >= endedAt);
  return Math.max(endedAt, ...during.map(({ to }) => to));
}

const lateness = (seen: Visit): number => Math.max(seen.lastAnswerAt ?? 0, seen.closedAt ?? 0) - heardAt(seen);
const outlived = (seen: Visit): boolean => seen.lastAnswerAt !== null && lateness(seen) > CUT_WITHIN_MS;

function summary(): string {
  const times = (ending: (seen: Visit) => boolean): string => {
    const late = visits.filter((seen) => seen.lastAnswerAt !== null && ending(seen)).map(lateness);
    late.sort((a, b) => a - b);
    const at = (share: number): number => late[Math.min(late.length - 1, Math.floor(late.length * share))] ?? 0;
    return `${late.length}, cut after its end p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`;
  };
  return [
    `kills: ${[...kills].map(([part, count]) => `${part} ${count}`).join(', ')}`,
    ...loads.map((load) => `${load.constructor.name}: ${load.acknowledged.length} answers, ${load.cuts} times cut`),
    `grants that expired: ${times(({ ending }) => ending === 'expires')}`,
    `grants taken away: ${times(({ ending }) => ending !== 'expires')}`,
    `this process was late by ${(lag.max / 1e6).toFixed(0)} ms at most`,
  ].join('\n');
}
