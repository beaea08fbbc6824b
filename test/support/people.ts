/** People at the API, without a process for each call: who asks, who agrees, who takes away, who audits. */

import { setTimeout as delay } from 'node:timers/promises';
import { type Client, type Connection, createClient, type GrantView, Refusal } from '@tidegate/contract';
import { DEMO_PASSWORD } from './tidegate.ts';

export interface People {
  readonly alice: Client;
  readonly bob: Client;
  readonly carol: Client;
}

export async function people(url: string): Promise<People> {
  const login = async (user: string): Promise<Client> => {
    const client = createClient({ url });
    const { token } = await client.login({ user, password: DEMO_PASSWORD });
    return client.withToken(token);
  };
  const [alice, bob, carol] = await Promise.all([login('alice'), login('bob'), login('carol')]);
  return { alice, bob, carol };
}

/** alice asks, bob agrees: the grant, on its way to open. @param duration ISO 8601 */
export async function granted({ alice, bob }: People, duration: string): Promise<GrantView> {
  const asked = await alice.createRequest({ resource: 'orders', role: 'reader', duration, reason: 'test' });
  const { grant } = await bob.review({ id: asked.id, decision: 'approve' });
  if (grant === null) throw new Error(`request ${asked.id} was approved and has no grant`);
  return grant;
}

/** alice's way in under this grant. */
export const wayIn = ({ alice }: People, grant: GrantView): Promise<Connection> =>
  alice.connect({ resource: 'orders', grant: grant.id });

/** What a part that is being started again answers, or does not answer. */
const PASSING = new Set(['unavailable', 'gateway_unavailable', 'resource_unavailable', 'internal']);

/** As a person would, tries again while a part is away. @throws the last refusal, when it is another or `withinMs` is over */
export async function patiently<T>(work: () => Promise<T>, withinMs: number): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const passing = error instanceof Refusal && PASSING.has(error.code);
      if (!passing || Date.now() > until) throw error;
      await delay(200);
    }
  }
}
