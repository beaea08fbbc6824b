/** Statements run as the web app’s editor runs them, and waited for until all that came of them is on record. */
import { type Client, createClient, liveStream, sessionLive } from '@tidegate/contract';
import type { GrantId, SessionId } from '@tidegate/core';
import { DEMO_PASSWORD } from '../../support/tidegate.ts';

export interface Running {
  /** Of alice, whose grant it is. */
  readonly alice: Client;
  readonly url: string;
  readonly grant: GrantId;
}

/** Runs each, whatever comes of it, and answers the session’s id. The gateway uploads in the background. */
export async function ranOnRecord({ alice, url, grant }: Running, statements: readonly string[]): Promise<string> {
  const gone = new AbortController();
  const changes = await changesOf(url, 'alice', gone.signal);
  const query = await alice.openQuery({ resource: 'orders', grant });
  for (const sql of statements) await new Response(await alice.runQuery({ id: query.id, sql })).text();
  await alice.closeQuery({ id: query.id });
  // Both ends of a session are told at once; its record comes later, and is told to whoever watches it alone.
  const told = async () => (await alice.sessions({ grant, state: 'all' })).items[0];
  let session = await told();
  for (; session === undefined; session = await told()) await changes();
  gone.abort();
  await recordEnds(url, session.id);
  return session.id;
}

/** Watches, as a page does, until the record of the session has its end. */
async function recordEnds(url: string, session: SessionId): Promise<void> {
  const { token } = await createClient({ url }).login({ user: 'alice', password: DEMO_PASSWORD });
  const watched = new URL(sessionLive.path.replace(':id', session), url);
  const answer = await fetch(watched, { headers: { authorization: `Bearer ${token}` } });
  const events = await answer.text();
  if (!events.includes('event: ended\n'))
    throw new Error(`Watching the session ended with ${answer.status}: ${events}`);
}

/** The live stream that browsers read, from now on: each call waits until something more is told. */
async function changesOf(url: string, person: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const { token } = await createClient({ url }).login({ user: person, password: DEMO_PASSWORD });
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
  const { body, status } = await fetch(new URL(liveStream.path, url), { headers, signal });
  const reader = body?.getReader();
  if (status !== 200 || reader === undefined) throw new Error(`The live stream answered ${status}.`);
  return async () => {
    const { done } = await reader.read();
    if (done) throw new Error('The live stream ended.');
  };
}
