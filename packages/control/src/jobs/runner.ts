/**
 * Jobs: what is done later, or now and then, by whichever control plane comes to it first. graphile-worker keeps them in
 * the store. Opening and closing grants never depends on a job: that is reconciled.
 */
import type { Runner, TaskList } from 'graphile-worker';
import type { Context } from '../context.ts';
import { purgeLogins } from '../identity/logins.ts';
import { purgeNotices } from '../notify/list.ts';
import type { MailOptions } from '../notify/mail.ts';
import { MAIL_TASK } from '../notify/notice.ts';
import { isOutage } from '../store/outage.ts';

/** New jobs are announced; this is only for what was missed. */
const POLL_MS = 60_000;
const RETRY_MS = 5_000;
/** How long a job may still run when we stop. */
const STOP_MS = 2_000;

export interface Jobs {
  /** Lets the job that runs finish, and stops. */
  stop(): Promise<void>;
}

/** Starts in the background; a store that is away, now or later, is waited for. */
export function startJobs(context: Context, storeUrl: string, mail: MailOptions | null): Jobs {
  const stopped = Promise.withResolvers<void>();
  let stopping = false;
  let runner: Runner | null = null;

  const keepRunning = async (): Promise<void> => {
    while (!stopping) {
      try {
        runner = await start(context, storeUrl, mail);
        if (stopping) await runner.stop();
        await runner.promise;
      } catch (error) {
        context.log[isOutage(error) ? 'warn' : 'error']({ err: error }, 'jobs are interrupted');
      } finally {
        runner = null;
      }
      await Promise.race([stopped.promise, new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())]);
    }
  };
  const running = keepRunning();

  return {
    async stop() {
      stopping = true;
      stopped.resolve();
      // A job that does not end is begun again by another control plane, or at the next start.
      const patience = new Promise((resolve) => setTimeout(resolve, STOP_MS).unref());
      await Promise.race([runner?.stop().then(() => running) ?? running, patience]);
    },
  };
}

async function start(context: Context, connectionString: string, mail: MailOptions | null): Promise<Runner> {
  // Loaded here: nobody waits for jobs when a control plane starts.
  const { Logger: JobLogger, parseCronItems, run } = await import('graphile-worker');
  return run({
    // Connections of its own: one of them listens.
    connectionString,
    maxPoolSize: 3,
    taskList: { ...tasks(context), ...(mail === null ? {} : { [MAIL_TASK]: await mailTask(context, mail) }) },
    parsedCronItems: parseCronItems([
      { task: 'purge-logins', match: '*/10 * * * *' },
      { task: 'purge-notices', match: '17 3 * * *' },
    ]),
    concurrency: 1,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    logger: new JobLogger(() => (level, message) => {
      const as = level === 'error' ? 'error' : level === 'warning' ? 'warn' : 'debug';
      context.log[as]({ part: 'jobs' }, message);
    }),
  });
}

/** Loaded only where mails are sent. */
async function mailTask(context: Context, mail: MailOptions): Promise<(payload: unknown) => Promise<void>> {
  const { mailer } = await import('../notify/mail.ts');
  return mailer(context, mail);
}

const tasks = (context: Context): TaskList => ({
  'purge-logins': () => purgeLogins(context),
  'purge-notices': () => purgeNotices(context),
});
