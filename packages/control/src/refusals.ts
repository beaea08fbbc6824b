/** What was tried and refused stands on the record too, though its transaction left nothing else behind. */
import { TidegateError } from '@tidegate/core';
import type { Context } from './context.ts';
import { appendEvent, type ControlEvent } from './record/events.ts';

/** Refusals that say something about us, not about what was tried. */
const OURS: ReadonlySet<string> = new Set(['internal', 'unavailable', 'gateway_unavailable', 'resource_unavailable']);

/**
 * Runs `work`; when it is refused, the refusal's code and sentence are recorded as `event` before it is thrown on.
 * If even that cannot be recorded, that error is thrown instead: nobody is told anything that is not on record.
 */
export async function recorded<T>(
  { store, now }: Context,
  event: Pick<ControlEvent, 'kind' | 'data'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TidegateError && !OURS.has(error.code)) {
      const data = { ...event.data, code: error.code, why: error.message };
      await store.transaction((tx) => appendEvent(tx, { kind: event.kind, at: now(), data }));
    }
    throw error;
  }
}
