/** Who could give the approvals that a request waits for just now, or stands in for somebody who could. */
import { createHash } from 'node:crypto';
import {
  type AccessRequest,
  type Chosen,
  countedIn,
  isEligible,
  openSteps,
  type Person,
  type PersonName,
} from '@tidegate/core';
import { loadPeopleAmong } from '../identity/people.ts';
import type { Reader } from '../store/schema.ts';

/** So many are asked by name, others for each request and each reminder: a large group is nobody in particular. */
const ASKED_MAX = 20;
/** Of larger groups so many are known here, of whom those are taken; everybody else finds it in their inbox. */
const KNOWN_MAX = 200;

/** Knows the reviewers of many requests at one moment: what the same groups hold is read once. */
export class Reviewers {
  readonly #db: Reader;
  readonly #now: Temporal.Instant;
  readonly #people = new Map<string, Promise<readonly Person[]>>();
  #deputies: Promise<ReadonlyMap<PersonName, readonly PersonName[]>> | null = null;

  constructor(db: Reader, now: Temporal.Instant) {
    this.#db = db;
    this.#now = now;
  }

  /** Whoever could decide now. `turn`: which asking this is, so that another turn asks others where there are many. */
  of(request: AccessRequest, turn: number): Promise<PersonName[]> {
    const open = openSteps(request, this.#now).map(({ chosen }) => chosen);
    return this.among(request, open, turn);
  }

  /** Of these, whoever may review the request and has not. */
  async among(request: AccessRequest, among: readonly Chosen[], turn: number): Promise<PersonName[]> {
    const requester = { name: request.requester, runBy: request.runBy };
    const counted = countedIn(request);
    const chosen = { groups: among.flatMap(({ groups }) => groups), people: among.flatMap(({ people }) => people) };
    const able = (await this.#peopleIn(chosen))
      .filter((person) => !counted.has(person.name) && isEligible(chosen, requester, person))
      .map(({ name }) => name);
    const asked = someOf(able, `${request.id} ${request.round} ${turn}`);
    return [...asked, ...(await this.#deputiesOf(asked))].filter(
      (name) => name !== requester.name && !requester.runBy.includes(name),
    );
  }

  #peopleIn(chosen: Chosen): Promise<readonly Person[]> {
    return once(this.#people, JSON.stringify([chosen.groups, chosen.people]), () =>
      loadPeopleAmong(this.#db, chosen, KNOWN_MAX),
    );
  }

  /** Who stands in now, for whom: all of them are fewer than the reviewers of a batch of requests. */
  async #deputiesOf(people: readonly PersonName[]): Promise<readonly PersonName[]> {
    if (people.length === 0) return [];
    this.#deputies ??= deputiesNow(this.#db, this.#now);
    const deputies = await this.#deputies;
    return [...new Set(people.flatMap((person) => deputies.get(person) ?? []))];
  }
}

async function deputiesNow(db: Reader, now: Temporal.Instant): Promise<ReadonlyMap<PersonName, readonly PersonName[]>> {
  const rows = await db
    .selectFrom('delegations')
    .select(['person', 'delegate'])
    .where('endedAt', 'is', null)
    .where('startsAt', '<=', now)
    .where('endsAt', '>', now)
    .execute();
  const deputies = new Map<PersonName, PersonName[]>();
  for (const { person, delegate } of rows) deputies.set(person, [...(deputies.get(person) ?? []), delegate]);
  return deputies;
}

function once<T>(known: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  const value = known.get(key) ?? read();
  known.set(key, value);
  return value;
}

/** All of few; of many the same ones for the same `turn`, and others for another. */
function someOf(people: readonly PersonName[], turn: string): readonly PersonName[] {
  if (people.length <= ASKED_MAX) return people;
  const from = createHash('sha256').update(turn).digest().readUInt32BE() % people.length;
  return [...people.slice(from), ...people.slice(0, from)].slice(0, ASKED_MAX);
}
