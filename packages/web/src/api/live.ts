/** The live stream, as pages see it: whether it holds. What it brings goes to the queries (live-stream.ts). */
import { useSyncExternalStore } from 'react';

/** `lost`: out of reach, and tried again. `ended`: the login is over. */
export type Live = 'closed' | 'opening' | 'open' | 'lost' | 'ended';

let state: Live = 'closed';
const hearers = new Set<() => void>();

export function setLive(next: Live): void {
  if (next === state) return;
  state = next;
  for (const each of hearers) each();
}

export const useLive = (): Live =>
  useSyncExternalStore(
    (hear) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    () => state,
  );
