/**
 * One live stream for all of a browser's pages: whoever holds the lock reads it, the others are told over a channel; when
 * that page is closed, the next one takes over. What changed is marked stale, and read again where it is on screen. A
 * stream that broke comes back by itself, later each time; then everything is read again, because nobody knows what was
 * missed.
 */
import { LIVE_BEAT_SECONDS, liveChanges, liveStream } from '@tidegate/contract';
import { setLive } from './live.ts';
import { told } from './tell.ts';

const LOCK = 'tidegate.stream';
const CHANNEL = 'tidegate.stream';
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** Twice the beat: nothing heard for so long is no stream any more. */
const SILENCE_MS = LIVE_BEAT_SECONDS * 2_000;

type Said = { readonly event: string; readonly data: string } | { readonly state: 'open' | 'lost' };

let open: AbortController | null = null;
const channel = new BroadcastChannel(CHANNEL);
channel.onmessage = ({ data }: MessageEvent<Said>) => hear(data);

/** Called by the shell, of somebody who is signed in. Does nothing where a stream is open. */
export function openStream(): void {
  if (open !== null) return;
  const control = new AbortController();
  open = control;
  setLive('opening');
  const { signal } = control;
  navigator.locks
    .request(LOCK, { signal }, () => readOn(signal))
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
}

export function closeStream(): void {
  open?.abort();
  open = null;
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
  if (said.event === 'ended') {
    closeStream();
    setLive('ended');
    return;
  }
  const changes = said.event === 'changed' ? liveChanges.safeParse(JSON.parse(said.data)) : null;
  void told(changes?.success === true ? changes.data : 'everything');
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
      headers: { accept: 'text/event-stream' },
      cache: 'no-store',
    });
    if (answer.status === 401) {
      say({ event: 'ended', data: '{}' });
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
        const event = /^event: (.*)$/m.exec(message)?.[1];
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (event !== undefined && data !== undefined) say({ event, data });
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
