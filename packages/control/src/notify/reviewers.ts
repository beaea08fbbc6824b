/** Who could give the approvals that a request waits for just now, or stands in for somebody who could. */
import { type AccessRequest, type Chosen, countedIn, isEligible, openSteps, type PersonName } from '@tidegate/core';
import { loadPeopleAmong } from '../identity/people.ts';
import type { Reader } from '../store/schema.ts';

/** More are not asked by name: whoever looks finds it in their inbox. */
const ASKED_MAX = 200;

export async function reviewersNow(db: Reader, request: AccessRequest, now: Temporal.Instant): Promise<PersonName[]> {
  return eligible(
    db,
    request,
    openSteps(request, now).map(({ chosen }) => chosen),
    now,
  );
}

/** Of these, whoever may review the request and has not. */
export async function eligible(
  db: Reader,
  request: AccessRequest,
  among: readonly Chosen[],
  now: Temporal.Instant,
): Promise<PersonName[]> {
  const requester = { name: request.requester, runBy: request.runBy };
  const counted = countedIn(request);
  const groups = among.flatMap((chosen) => chosen.groups);
  const people = among.flatMap((chosen) => chosen.people);
  const found = (await loadPeopleAmong(db, { groups, people }, ASKED_MAX + counted.size + 1))
    .filter((person) => !counted.has(person.name) && isEligible({ groups, people }, requester, person))
    .map(({ name }) => name);
  return [...found, ...(await deputiesOf(db, found, now))].filter(
    (name) => name !== requester.name && !requester.runBy.includes(name),
  );
}

async function deputiesOf(db: Reader, people: readonly PersonName[], now: Temporal.Instant): Promise<PersonName[]> {
  if (people.length === 0) return [];
  const rows = await db
    .selectFrom('delegations')
    .select('delegate')
    .distinct()
    .where('person', 'in', [...people])
    .where('endedAt', 'is', null)
    .where('startsAt', '<=', now)
    .where('endsAt', '>', now)
    .execute();
  return rows.map(({ delegate }) => delegate);
}
