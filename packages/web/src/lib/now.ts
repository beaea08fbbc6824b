/** One clock for all that counts on the page: one timer, however many rings and ages there are. */
import { useSyncExternalStore } from 'react';

const hearers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let second = Math.floor(Date.now() / 1000);

function hear(tick: () => void): () => void {
  hearers.add(tick);
  timer ??= setInterval(() => {
    second = Math.floor(Date.now() / 1000);
    for (const each of hearers) each();
  }, 1000);
  return () => {
    hearers.delete(tick);
    if (hearers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Milliseconds since the epoch, told again every `everySeconds`. */
export const useNow = (everySeconds = 1): number =>
  useSyncExternalStore(hear, () => Math.floor(second / everySeconds) * everySeconds) * 1000;
