/**
 * Jobs: what is done later, or now and then, by whichever control plane comes to it first. graphile-worker keeps them in
 * the store. Opening and closing grants never depends on a job: that is reconciled.
 */
import { Logger as JobLogger, parseCronItems, type Runner, run, type TaskList } from 'graphile-worker';
import type pg from 'pg';
import type { Context } from '../context.ts';
import { purgeLogins } from '../identity/logins.ts';
import { isOutage } from '../store/outage.ts';
import { createPool } from '../store/pool.ts';

/** New jobs are announced; this is only for what was missed. */
const POLL_MS = 60_000;
const RETRY_MS = 5_000;

export interface Jobs {
  /** Lets the job that runs finish, and stops. */
  stop(): Promise<void>;
}

/** Starts in the background; a store that is away, now or later, is waited for. */
export function startJobs(context: Context, storeUrl: string): Jobs {
  const stopped = Promise.withResolvers<void>();
  let stopping = false;
  let runner: Runner | null = null;

  const keepRunning = async (): Promise<void> => {
    while (!stopping) {
      // Not the store's own pool: graphile-worker holds one connection to listen, and ends what it is given badly.
      const pool = createPool(storeUrl, 3, (error) =>
        context.log.warn({ err: error }, 'a connection of the jobs broke'),
      );
      try {
        runner = await start(context, pool);
        if (stopping) await runner.stop();
        await runner.promise;
      } catch (error) {
        context.log[isOutage(error) ? 'warn' : 'error']({ err: error }, 'jobs are interrupted');
      } finally {
        runner = null;
        await pool.end();
      }
      await Promise.race([stopped.promise, new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())]);
    }
  };
  const running = keepRunning();

  return {
    async stop() {
      stopping = true;
      stopped.resolve();
      await runner?.stop();
      await running;
    },
  };
}

function start(context: Context, pgPool: pg.Pool): Promise<Runner> {
  return run({
    pgPool,
    taskList: tasks(context),
    parsedCronItems: parseCronItems([{ task: 'purge-logins', match: '*/10 * * * *' }]),
    concurrency: 1,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    logger: new JobLogger(() => (level, message) => {
      const as = level === 'error' ? 'error' : level === 'warning' ? 'warn' : 'debug';
      context.log[as]({ part: 'jobs' }, message);
    }),
  });
}

const tasks = (context: Context): TaskList => ({
  'purge-logins': () => purgeLogins(context),
});
