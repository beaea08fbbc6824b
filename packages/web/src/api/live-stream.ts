/**
 * One live stream for all of a browser's pages: whoever holds the lock reads it, the others are told over a channel; when
 * that page is closed, the next one takes over. What changed is marked stale, and read again where it is on screen. A
 * stream that broke comes back by itself, later each time, and says what it heard last: it is told what it missed; where
 * nobody knows that any more, everything is read again.
 */
import { LIVE_BEAT_SECONDS, liveChanges, liveHello, liveStream } from '@tidegate/contract';
import { setLive } from './live.ts';
import { againWhatFailed, told } from './tell.ts';

const LOCK = 'tidegate.stream';
const CHANNEL = 'tidegate.stream';
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** Twice the beat: nothing heard for so long is no stream any more. */
const SILENCE_MS = LIVE_BEAT_SECONDS * 2_000;

type Said =
  /** `event` null: a beat. `id`: whoever has heard this, and what came before, has heard all up to there. */
  | { readonly event: string | null; readonly data: string; readonly id: string | null }
  | { readonly state: 'open' | 'lost' };

let open: AbortController | null = null;
/** Every page keeps it: any of them may be the next to read. */
let heardUpTo: string | null = null;
const channel = new BroadcastChannel(CHANNEL);
channel.onmessage = ({ data }: MessageEvent<Said>) => hear(data);

/** Called by the shell, of somebody who is signed in. Does nothing where a stream is open. */
export function openStream(): void {
  if (open !== null) return;
  const control = new AbortController();
  open = control;
  setLive('opening');
  const { signal } = control;
  // Said at once, and of every page: whoever reads for the others may be one that the browser has put to sleep.
  addEventListener('offline', () => setLive('lost'), { signal });
  navigator.locks
    .request(LOCK, { signal }, () => readOn(signal))
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
}

export function closeStream(): void {
  open?.abort();
  open = null;
  heardUpTo = null;
  setLive('closed');
}

/** Tells this page and the others. */
function say(said: Said): void {
  hear(said);
  channel.postMessage(said);
}

function hear(said: Said): void {
  if (open === null) return;
  if ('state' in said) {
    setLive(said.state);
    return;
  }
  setLive('open');
  heardUpTo = said.id ?? heardUpTo;
  switch (said.event) {
    case null:
      return;
    case 'ended':
      closeStream();
      setLive('ended');
      return;
    case 'hello': {
      const hello = liveHello.safeParse(JSON.parse(said.data));
      void (hello.success && hello.data.resumed ? againWhatFailed() : told('everything'));
      return;
    }
    default: {
      const changes = liveChanges.safeParse(JSON.parse(said.data));
      void told(changes.success ? changes.data : 'everything');
    }
  }
}

/** Reads until the page goes or signs out; between two tries waits longer each time, less when the network comes back. */
async function readOn(signal: AbortSignal): Promise<void> {
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const held = await readOnce(signal);
    if (signal.aborted) return;
    say({ state: 'lost' });
    retryMs = held ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS);
    await pause(retryMs * (0.75 + Math.random() / 2), signal);
  }
}

/** True: it held for a while. Rejects never: whatever ends it, it is tried again. */
async function readOnce(signal: AbortSignal): Promise<boolean> {
  const silence = new AbortController();
  const cut = (): void => silence.abort();
  addEventListener('offline', cut);
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  let held = false;
  try {
    const answer = await fetch(liveStream.path, {
      signal: AbortSignal.any([signal, silence.signal]),
      headers: { accept: 'text/event-stream', ...(heardUpTo === null ? {} : { 'last-event-id': heardUpTo }) },
      cache: 'no-store',
    });
    if (answer.status === 401) {
      say({ event: 'ended', data: '{}', id: null });
      return false;
    }
    if (!answer.ok || answer.body === null) return false;
    let rest = '';
    for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      held = true;
      const messages = (rest + text).split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) {
        const [event, data, id] = ['event', 'data', 'id'].map((name) => member(message, name));
        if (event != null && data != null) say({ event, data, id: id ?? null });
        else if (id != null) say({ event: null, data: '', id });
      }
    }
    return held;
  } catch {
    return held; // out of reach, or silent for too long: it is tried again
  } finally {
    clearTimeout(timer);
    removeEventListener('offline', cut);
  }
}

const member = (message: string, name: string): string | null =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1] ?? null;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const on = (): void => {
      clearTimeout(timer);
      removeEventListener('online', on);
      signal.removeEventListener('abort', on);
      resolve();
    };
    const timer = setTimeout(on, ms);
    addEventListener('online', on);
    signal.addEventListener('abort', on);
  });
}
