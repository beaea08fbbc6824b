/** Renews the gateway's certificates at two thirds of their life, and keeps trying until they run out and beyond. */
import { type Identity, renewAt } from './identity.ts';
import { renewIdentity } from './join.ts';
import type { LinkLog } from './link.ts';

const RETRY_MS = 10 * 60_000;
/** `setTimeout` holds no more than 24.8 days. */
const LONGEST_MS = 24 * 3600_000;

export interface Renewal {
  stop(): void;
}

/** `renewed` gets the new identity, to be kept and used from then on. */
export function keepRenewed(
  identity: () => Identity,
  listenerNames: readonly string[],
  renewed: (identity: Identity) => void,
  log: LinkLog,
): Renewal {
  let timer: NodeJS.Timeout;
  let stopped = false;

  const wait = (ms: number): void => {
    if (!stopped) timer = setTimeout(() => void look(), Math.min(LONGEST_MS, ms)).unref();
  };
  const look = async (): Promise<void> => {
    const due = renewAt(identity()) - Date.now();
    if (due > 0) return wait(due);
    try {
      const fresh = await renewIdentity(identity(), listenerNames);
      if (stopped) return;
      renewed(fresh);
      log.info({ gateway: fresh.gateway }, 'certificates renewed');
      wait(Math.max(RETRY_MS, renewAt(fresh) - Date.now()));
    } catch (error) {
      log.warn({ err: error }, 'certificates could not be renewed; trying again');
      wait(RETRY_MS);
    }
  };

  wait(Math.max(0, renewAt(identity()) - Date.now()));
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
