import pg from 'pg';
import { rssBytes } from '../stage/processes.ts';
import type { PostgresPart } from './part.ts';

const SESSIONS = 2000;
/** Logins under way at once: a burst is the database's trouble, not what is measured here. */
const AT_ONCE = 16;

export const idle: PostgresPart = {
  name: 'idle',
  says: `memory of ${SESSIONS} idle sessions, over the base`,
  async run(stage, figures, { progress }) {
    for (const contestant of stage.contestants(false)) {
      if (contestant.name === 'direct') continue;
      const base = rssBytes(contestant.pids());
      const clients: pg.Client[] = [];
      let wanted = SESSIONS;
      const opener = async (): Promise<void> => {
        while (wanted > 0) {
          wanted -= 1;
          const client = new pg.Client({ ...contestant, ssl: false });
          client.on('error', () => undefined); // the end of a session is no error here
          clients.push(client);
          await client.connect();
          if (clients.length % 200 === 0) progress(`${contestant.name}: ${clients.length} sessions`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, opener));
      await stage.settle();
      const perSession = (rssBytes(contestant.pids()) - base) / SESSIONS / 1000;
      figures.add({
        part: 'idle',
        what: 'idle.memory',
        contestant: contestant.name,
        round: 0,
        unit: 'kB each',
        value: perSession,
      });
      await Promise.all(clients.map((client) => client.end()));
      await stage.settle();
    }
  },
};
