/** A Tidegate in which a little of everything has happened, and the people who look at it, each in a browser of their own. */
import { type GrantId, TidegateError } from '@tidegate/core';
import type { Browser } from 'playwright-core';
import { type People, people } from '../../support/people.ts';
import type { Tidegate } from '../../support/tidegate.ts';
import { launch, signedIn, type Visitor } from './browser.ts';
import { ranOnRecord } from './on-record.ts';
import { browserAddress, startSite } from './site.ts';

/** What addresses name. */
export interface Ids {
  /** alice’s open grant, and a session under it, all on record. */
  readonly grant: GrantId;
  readonly session: string;
  /** A request of hers that waits for bob. */
  readonly pending: string;
  /** What a terminal of hers asks for a second factor with. */
  readonly challenge: string;
}

export interface World extends AsyncDisposable {
  readonly url: string;
  readonly browser: Browser;
  readonly clients: People;
  readonly ids: Ids;
  /** Signed in already. */
  readonly at: Readonly<Record<keyof People, Visitor>>;
  /** What any of their pages complained of. None is right. */
  complaints(): readonly string[];
}

export const STATEMENTS = ['SELECT id, city FROM addresses ORDER BY id LIMIT 20', 'SELECT nonsense', 'SELECT 1 AS one'];

export async function startWorld(): Promise<World> {
  const [tidegate, browser] = await Promise.all([startSite(), launch()]);
  const url = browserAddress(tidegate);
  const clients = await people(tidegate.url);
  const [ids, alice, bob, carol] = await Promise.all([
    happened(tidegate, clients),
    signedIn(browser, url, 'alice'),
    signedIn(browser, url, 'bob'),
    signedIn(browser, url, 'carol'),
  ]);
  return {
    url,
    browser,
    clients,
    ids,
    at: { alice, bob, carol },
    complaints: () => [alice, bob, carol].flatMap(({ complaints }) => complaints),
    async [Symbol.asyncDispose]() {
      await browser.close();
      await tidegate[Symbol.asyncDispose]();
    },
  };
}

/** Refused by the policy, and on record. */
export async function askTooMuch(alice: People['alice']): Promise<void> {
  const asked = alice.createRequest({ resource: 'orders', role: 'owner', reason: 'x', duration: 'P2D' });
  await asked.then(
    () => {
      throw new Error('Two days as an owner were not refused.');
    },
    (error: unknown) => {
      if (!(error instanceof TidegateError) || error.code !== 'duration_too_long') throw error;
    },
  );
}

async function happened({ url }: Tidegate, { alice, bob }: People): Promise<Ids> {
  const asked = await alice.createRequest({ resource: 'orders', role: 'reader', reason: 'the invoice of 3 November' });
  await bob.review({ id: asked.id, decision: 'approve', comment: 'Fine.' });
  const { grant } = await alice.request({ id: asked.id, wait: 30 });
  if (grant === null) throw new Error('The request was approved, and nothing was opened.');
  const session = await ranOnRecord({ alice, url, grant: grant.id }, STATEMENTS);
  await askTooMuch(alice);
  const { id: pending } = await alice.createRequest({
    resource: 'orders',
    role: 'owner',
    reason: 'a new column',
    ticket: 'INC-12',
  });
  const { id: challenge } = await alice.beginStepUp();
  return { grant: grant.id, session, pending, challenge };
}
