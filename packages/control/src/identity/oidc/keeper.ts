/** What sign-ins at providers need now and then. Every control plane does it; what one has taken, the others pass over. */
import type { Context } from '../../context.ts';
import { isOutage } from '../../store/outage.ts';
import { recheckSessions } from './recheck.ts';
import { purgeSignIns } from './under-way.ts';

/** What is due is found this soon; how often a session is due is the configuration's matter. */
const EVERY_MS = 10_000;

export interface ProviderKeeper {
  stop(): Promise<void>;
}

/** Runs until stopped. A store that is away is waited for. */
export function startProviderKeeper(context: Context, everyMs = EVERY_MS): ProviderKeeper {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  const turn = async (): Promise<void> => {
    try {
      await recheckSessions(context);
      await purgeSignIns(context);
    } catch (error) {
      context.log[isOutage(error) ? 'warn' : 'error']({ err: error }, 'identity providers could not be asked');
    }
    if (!stopped) later();
  };
  const later = (): void => {
    timer = setTimeout(() => {
      running = turn();
    }, everyMs);
  };
  later();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
