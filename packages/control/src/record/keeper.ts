/** What the record needs now and then: checkpoints, and partitions for the days to come. Every control plane does it. */
import type { Context } from '../context.ts';
import type { SigningKey } from '../keys/signing.ts';
import { isOutage } from '../store/outage.ts';
import { signHeads } from './checkpoints.ts';
import { makePartitions } from './rows.ts';

const CHECKPOINT_EVERY_MS = 60_000;
const PARTITIONS_EVERY_MS = 3_600_000;

export interface RecordKeeper {
  stop(): Promise<void>;
}

/** Makes the partitions at once (nothing could be recorded without today's), then keeps at it until stopped. */
export async function startRecordKeeper({ store, now, log }: Context, key: SigningKey): Promise<RecordKeeper> {
  await makePartitions(store.db);
  let running: Promise<void> = Promise.resolve();
  const every = (ms: number, what: string, work: () => Promise<unknown>): NodeJS.Timeout =>
    setInterval(() => {
      running = running.then(async () => {
        try {
          await work();
        } catch (error) {
          if (isOutage(error)) log.warn({ err: error }, `${what} must wait for the store`);
          else log.error({ err: error }, `${what} failed`);
        }
      });
    }, ms);
  const timers = [
    every(CHECKPOINT_EVERY_MS, 'signing the record', () => signHeads(store.db, key, now())),
    every(PARTITIONS_EVERY_MS, 'making room for the record', () => makePartitions(store.db)),
  ];
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await running;
    },
  };
}
