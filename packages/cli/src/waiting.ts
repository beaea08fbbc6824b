/** Waiting for a request to be decided and its grant to open, with where it stands in sight. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, Refusal, type RequestView } from '@tidegate/contract';
import type { Context } from './context.ts';
import { safe } from './layout.ts';
import { Interrupted } from './usage.ts';

/** Longest wait the server grants at once; the next one follows. */
const WAIT_SECONDS = 30;
/** A control plane that is started anew is back by then. */
const OUT_OF_REACH_MS = 120_000;
const RETRY_MS = 2_000;

/** Resolves when a request is decided and its grant can be used (or is over). @throws Interrupted on Ctrl-C; the request stays */
export async function settled(context: Context, made: RequestView): Promise<RequestView> {
  const client = context.client();
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Interrupted(whatStands(made)));
  const progress = context.terminal.progress(standing(made));
  process.once('SIGINT', interrupt);
  try {
    let request = made;
    while (undecided(request)) {
      request = await change(client, request, stop.signal, progress.say);
      progress.say(standing(request));
    }
    return request;
  } finally {
    process.off('SIGINT', interrupt);
    progress.end();
  }
}

/** The request as soon as it changes; asks again while the server is away for a short time. */
async function change(
  client: Client,
  { id }: RequestView,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<RequestView> {
  const giveUp = Date.now() + OUT_OF_REACH_MS;
  for (;;) {
    try {
      return await client.request({ id, wait: WAIT_SECONDS }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Refusal && error.code === 'unavailable') || Date.now() > giveUp) throw error;
      say(`${error.message} Trying again …`);
      await delay(RETRY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

const undecided = (request: RequestView): boolean =>
  request.state === 'pending' ||
  (request.state === 'approved' && request.grant?.state === 'scheduled' && !startsLater(request));

/** A window that begins later is settled once approved: nobody wants a terminal held until then. */
const startsLater = ({ startsAt }: RequestView): boolean => startsAt !== null && Date.parse(startsAt) > Date.now();

function standing(request: RequestView): string {
  if (request.state !== 'pending') {
    const problem = request.grant?.problem ?? null;
    return `${request.id} ${request.state}; opening …${problem === null ? '' : ` ${safe(problem)}`}`;
  }
  const open = request.steps.find((step) => step.state === 'open');
  const who = open === undefined ? 'a decision' : [...open.groups, ...open.people].map(safe).join(' or ');
  return `${request.id} waits for ${who} …`;
}

const whatStands = ({ id }: RequestView): string =>
  `Not waiting any longer. The request stays: tidegate requests ${id}; to take it back: tidegate cancel ${id}`;
