/** Answers at once, or as soon as something changes: what `?wait=` does. */
import type { GrantView, RequestView } from '@tidegate/contract';
import { CHANGES_CHANNEL, type Change, changeText } from '../store/announce.ts';
import type { Store } from '../store/store.ts';
import { STATE_CHANNEL } from '../store/store.ts';

export interface Waiting {
  readonly seconds: number;
  /** Aborted when the client is gone, or we are stopping. */
  readonly signal: AbortSignal;
}

type View = RequestView | GrantView;

/**
 * What `read` answers; when that is still on its way (pending, scheduled, closing), waits until it is another or the time
 * is over. Holds no connection meanwhile: it is woken by what commits announce.
 */
export async function whenChanged<T extends View>(
  store: Store,
  read: () => Promise<T>,
  { seconds, signal }: Waiting,
): Promise<T> {
  if (seconds === 0) return read();
  let changed = Promise.withResolvers<void>();
  let first: T | null = null;
  const forget = [
    store.listen(STATE_CHANNEL, (payload) => {
      if (payload === null || first === null || payload === first.resource) changed.resolve();
    }),
    store.listen(CHANGES_CHANNEL, (payload) => {
      if (payload === null || first === null || payload === changeText(ofView(first))) changed.resolve();
    }),
  ];
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(() => over.resolve(), seconds * 1000);
  const gone = (): void => over.resolve();
  signal.addEventListener('abort', gone, { once: true });
  let ended = signal.aborted;
  void over.promise.then(() => {
    ended = true;
  });
  try {
    // Listening came first: what changes after this read is heard.
    first = await read();
    const before = JSON.stringify(first);
    let latest = first;
    while (onItsWay(latest) && !ended && JSON.stringify(latest) === before) {
      await Promise.race([changed.promise, over.promise]);
      changed = Promise.withResolvers();
      latest = await read();
    }
    return latest;
  } finally {
    for (const end of forget) end();
    clearTimeout(timer);
    signal.removeEventListener('abort', gone);
  }
}

/** `decision` marks a request: it is on its way until it is refused, or its grant is open. */
function onItsWay(view: View): boolean {
  const grant = 'decision' in view ? view.grant : view;
  if ('decision' in view && view.state === 'pending') return true;
  return grant?.state === 'scheduled' || grant?.state === 'closing';
}

const ofView = (view: View): Change => ('decision' in view ? { request: view.id } : { grant: view.id });
