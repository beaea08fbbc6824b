import type { Connection } from '@tidegate/contract';
import pg from 'pg';
import { quantile } from '../figures.ts';
import type { PostgresPart } from './part.ts';

const SESSIONS = 500;
/** Long enough to open all sessions on a busy machine. */
const GRANT_SECONDS = 20;

interface Watched {
  readonly client: pg.Client;
  /** When the FATAL error arrived, ms since the epoch. */
  readonly cutAt: Promise<number>;
}

async function open(connection: Connection): Promise<Watched> {
  const { host, port, user, password, database } = connection;
  const client = new pg.Client({ host, port, user, password, database, ssl: false });
  // Heard to the end: after the FATAL error comes the socket's own, which nobody else would take.
  const cutAt = new Promise<number>((resolve) => {
    client.on('error', () => resolve(Date.now()));
  });
  await client.connect();
  return { client, cutAt };
}

async function openMany(connection: Connection, count: number): Promise<Watched[]> {
  const all: Watched[] = [];
  for (let left = count; left > 0; left -= 16) {
    all.push(...(await Promise.all(Array.from({ length: Math.min(16, left) }, () => open(connection)))));
  }
  return all;
}

/** The control plane runs on this machine: its clock and ours are one. */
export const expiry: PostgresPart = {
  name: 'expiry',
  says: `how late ${SESSIONS} sessions are cut whose grant ends, and after a revoke; approve to usable`,
  async run(stage, figures, { rounds, progress }) {
    for (let round = 0; round < rounds; round += 1) {
      const add = (what: string, value: number): void =>
        figures.add({ part: 'expiry', what, contestant: 'tidegate', round, unit: 'ms', value });

      progress(`expiry of ${SESSIONS} sessions (${round + 1}/${rounds})`);
      const connection = await stage.tidegate.access(`PT${GRANT_SECONDS}S`);
      const sessions = await openMany(connection, SESSIONS);
      const end = Date.parse(connection.expiresAt);
      const late = (await Promise.all(sessions.map(({ cutAt }) => cutAt))).map((at) => at - end);
      add('expiry.late.p50', quantile(late, 0.5));
      add('expiry.late.p99', quantile(late, 0.99));

      progress(`revoke (${round + 1}/${rounds})`);
      const other = await stage.tidegate.access('PT1H');
      const watched = await openMany(other, 50);
      const revokedAt = Date.now();
      await stage.tidegate.keeper.revokeGrant({ id: other.grant, reason: 'bench' });
      const cut = (await Promise.all(watched.map(({ cutAt }) => cutAt))).map((at) => at - revokedAt);
      add('revoke.cut.p99', quantile(cut, 0.99));

      progress(`asked to usable (${round + 1}/${rounds})`);
      const askedAt = performance.now();
      const usable = await open(await stage.tidegate.access('PT1H'));
      await usable.client.query('SELECT 1');
      add('usable', performance.now() - askedAt);
      await usable.client.end();
    }
  },
};
