/** Deciding at the size of a large company: the decision itself, explanations, plans, requests a second, long lists. */
import { parseOffline } from '@tidegate/config';
import { type Client, groupName, personName, roleName } from '@tidegate/contract';
import { decide, personOf } from '@tidegate/core';
import { type Figures, quantile } from '../figures.ts';
import { askers, type DecidingStage, largeConfig, RESOURCES } from '../stage/deciding-stage.ts';
import type { PartOn, PartOptions } from './part.ts';

export type DecidingPart = PartOn<DecidingStage>;

const PAST_REQUESTS = 1_000_000;

export const deciding: DecidingPart = {
  name: 'deciding',
  says: '1,000 rules, 10,000 resources, 50,000 people in 5,000 groups; the API on the embedded store, fsync on',
  async run(stage, figures, options) {
    const { progress } = options;
    progress('decisions …');
    pureDecisions(figures);
    progress('explanations …');
    await times(figures, 'deciding.explain', 200, async (n) => {
      await (await stage.as('asker')).explain({ resource: `db${(n * 37) % RESOURCES}`, role: 'reader' });
    });
    progress('plan …');
    const admin = await stage.as('admin');
    await times(figures, 'deciding.plan', 3, async (n) => {
      await admin.planConfig({
        yaml: largeConfig(`# ${n}\n`).replace('{team: t7, env: prod}', `{team: t${n}, env: prod}`),
      });
    });
    progress('requests …');
    await requests(stage, figures, options);
    progress(figures.table('deciding'));
    progress(`${PAST_REQUESTS.toLocaleString('en')} past requests …`);
    await pastRequests(stage);
    await lists(stage, figures);
  },
};

function add(figures: Figures, what: string, unit: string, value: number, round = 0): void {
  figures.add({ part: 'deciding', what, contestant: 'tidegate', round, unit, value });
}

/** The decision alone, as a request asks it: nothing is read, everything is in memory. */
function pureDecisions(figures: Figures): void {
  const config = parseOffline(largeConfig());
  const person = personOf(
    personName.parse('asker'),
    ['everybody', 'g1', 'g7'].map((name) => groupName.parse(name)),
  );
  const [reader, owner] = [roleName.parse('reader'), roleName.parse('owner')];
  const spent: number[] = [];
  for (let n = 0; n < 5_000; n += 1) {
    const resource = config.resources[(n * 37) % config.resources.length];
    if (resource === undefined) continue;
    const began = performance.now();
    decide({
      policy: config.policy,
      person,
      resource,
      role: n % 2 === 0 ? reader : owner,
      duration: null,
      startsAt: null,
      reason: 'bench',
      ticket: null,
      breakGlass: false,
      extension: false,
      now: Temporal.Now.instant(),
    });
    spent.push(performance.now() - began);
  }
  add(figures, 'deciding.decide.p50', 'ms', quantile(spent, 0.5));
  add(figures, 'deciding.decide.p99', 'ms', quantile(spent, 0.99));
}

async function times(figures: Figures, what: string, count: number, work: (n: number) => Promise<void>): Promise<void> {
  const spent: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const began = performance.now();
    await work(n);
    spent.push(performance.now() - began);
  }
  add(figures, `${what}.p50`, 'ms', quantile(spent, 0.5));
  add(figures, `${what}.p99`, 'ms', quantile(spent, 0.99));
}

/** Asked, written to the store and on record: as many as go, then at 200 a second. */
async function requests(stage: DecidingStage, figures: Figures, { seconds }: PartOptions): Promise<void> {
  const clients = await Promise.all(askers.map((asker) => stage.as(asker)));
  let n = 0;
  const ask = async (): Promise<void> => {
    n += 1;
    await clients[n % clients.length]?.createRequest({
      resource: `db${(n * 37) % RESOURCES}`,
      role: 'reader',
      reason: 'bench',
    });
  };
  const until = performance.now() + seconds * 1000;
  let done = 0;
  const began = performance.now();
  await Promise.all(
    askers.map(async () => {
      while (performance.now() < until) {
        await ask();
        done += 1;
      }
    }),
  );
  add(figures, 'deciding.requests', '/s', done / ((performance.now() - began) / 1000));
  const { spent, refused } = await atRate(200, seconds, ask);
  add(figures, 'deciding.requests.at200.refused', '', refused);
  add(figures, 'deciding.requests.at200.p50', 'ms', quantile(spent, 0.5));
  add(figures, 'deciding.requests.at200.p99', 'ms', quantile(spent, 0.99));
}

/** Begins one every so often, whether or not those before are done: a queue that grows shows in the times. */
async function atRate(
  perSecond: number,
  seconds: number,
  work: () => Promise<void>,
): Promise<{ readonly spent: readonly number[]; readonly refused: number }> {
  const spent: number[] = [];
  let refused = 0;
  const running: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const due = began + (n * 1000) / perSecond;
    const pause = due - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    running.push(
      work().then(
        () => {
          spent.push(performance.now() - due);
        },
        () => {
          refused += 1;
        },
      ),
    );
  }
  await Promise.all(running);
  return { spent, refused };
}

/** As they would stand in the store after years. */
function pastRequests(stage: DecidingStage): Promise<void> {
  return stage.sql(`
    INSERT INTO requests (id, requester, resource, role, duration, reason, state, rule, why, policy_version, steps, mfa,
                          created_at, lapses_at, decided_at, round_at)
    SELECT 'req_' || lpad(translate(to_hex(n), 'ilou', 'wxyz'), 16, '0'),
           CASE WHEN n % 100 = 0 THEN 'asker' ELSE 'p' || (n % 50000 + 1) END, 'db' || (n % 10000), 'reader',
           interval '1 hour', 'past', 'approved', 'last', 'past', 1, '[]',
           '{"at": [], "within": "PT5M"}', now() - n * interval '30 seconds', now() - n * interval '30 seconds' + interval '8 hours',
           now() - n * interval '30 seconds', now() - n * interval '30 seconds'
    FROM generate_series(1, ${PAST_REQUESTS}) n;
    ANALYZE requests;`);
}

async function lists(stage: DecidingStage, figures: Figures): Promise<void> {
  const list = async (what: string, who: string, get: (client: Client) => Promise<unknown>): Promise<void> => {
    const client = await stage.as(who);
    await times(figures, `deciding.list.${what}`, 30, async () => {
      await get(client);
    });
  };
  await list('mine', 'asker', (client) => client.requests({ filter: 'mine', limit: 100 }));
  await list('to-review', 'lead', (client) => client.requests({ filter: 'to-review', limit: 100 }));
  await list('all', 'admin', (client) => client.requests({ filter: 'all', limit: 100 }));
  await list('all-of-a-lead', 'lead', (client) => client.requests({ filter: 'all', limit: 100 }));
  await list('grants', 'admin', (client) => client.grants({ state: 'all', limit: 100 }));
}
