/** Whether anybody could approve what is asked for just now: said to whoever asks, and no part of the decision. */
import {
  type AccessRequest,
  approvalsNeeded,
  couldBeApproved,
  givenIn,
  namedIn,
  type Person,
  type PersonName,
} from '@tidegate/core';
import type { Context } from '../context.ts';
import { loadPeopleAmong } from '../identity/people.ts';
import type { Reader } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/**
 * For so long, in milliseconds, whoever could approve is taken to be still there. They were looked up for a sentence: one
 * that comes a moment too late costs nothing, and the look for each of hundreds of requests a second does.
 */
const LATELY_MS = 5_000;
const KNOWN_AT_MOST = 1_000;

/** What could be approved a moment ago, by what it asks of whom: until when that is taken for true. */
const lately = new WeakMap<Store, Map<string, number>>();

/** Where nobody could approve, the person learns it now and not when the request lapses: a sentence, or nothing. */
export async function shortage({ store }: Context, db: Reader, request: AccessRequest): Promise<string> {
  const known = lately.get(store) ?? new Map<string, number>();
  lately.set(store, known);
  const { steps, requester, runBy, reviews } = request;
  const key = JSON.stringify([steps, requester, runBy, reviews]);
  if ((known.get(key) ?? 0) > performance.now()) return '';
  const people = await enoughFor(db, request);
  const found = couldBeApproved(steps, { name: requester, runBy }, people, givenIn(request));
  if (!found.possible) return ` ${found.why}`;
  if (known.size >= KNOWN_AT_MOST) known.clear();
  known.set(key, performance.now() + LATELY_MS);
  return '';
}

/**
 * Enough people to tell whether the steps can be met: of each as many as there are places in all, and one for everybody
 * who cannot count. More could not change the answer, so that a group of 50,000 costs no more than one of twenty.
 */
async function enoughFor(db: Reader, { steps, runBy, reviews }: AccessRequest): Promise<readonly Person[]> {
  const places = steps.reduce((sum, step) => sum + approvalsNeeded(step), 0);
  const found = new Map<PersonName, Person>();
  for (const step of steps) {
    const limit = places + 1 + runBy.length + reviews.length;
    for (const person of await loadPeopleAmong(db, namedIn(step, true), limit)) found.set(person.name, person);
  }
  return [...found.values()];
}
