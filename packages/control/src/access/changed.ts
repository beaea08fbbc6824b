/** Which of the things that changed a person may see: read once for all who listen, then asked for each of them. */
import type { LiveChanges } from '@tidegate/contract';
import {
  type ApprovalStep,
  type Chosen,
  type GrantId,
  isEligible,
  isRequester,
  namedIn,
  type PersonName,
  type RequestId,
  type ResourceName,
  type SessionId,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import { sees, seesAll } from '../identity/permissions/may.ts';
import type { Powered } from '../identity/permissions/powers.ts';
import { anyOf } from '../store/any.ts';
import type { Reader } from '../store/schema.ts';
import { toSteps } from './rows.ts';

export interface ChangedIds {
  readonly requests: ReadonlySet<RequestId>;
  readonly grants: ReadonlySet<GrantId>;
  readonly sessions: ReadonlySet<SessionId>;
  readonly notices: ReadonlySet<number>;
}

interface ChangedRequest {
  readonly id: RequestId;
  readonly requester: PersonName;
  readonly runBy: readonly PersonName[];
  readonly resource: ResourceName;
  readonly steps: readonly ApprovalStep[];
  readonly reviewers: readonly PersonName[];
  /** Of a break-glass: who judges it afterwards. */
  readonly judges: Chosen | null;
}
interface ChangedGrant {
  readonly id: GrantId;
  readonly request: RequestId;
  readonly person: PersonName;
  readonly runBy: readonly PersonName[] | null;
  readonly resource: ResourceName;
  readonly judges: Chosen | null;
}

export interface Changed {
  readonly requests: readonly ChangedRequest[];
  readonly grants: readonly ChangedGrant[];
  readonly sessions: readonly { readonly id: SessionId; readonly grant: GrantId }[];
  /** Whom the notices are for. */
  readonly told: ReadonlySet<PersonName>;
  /** By resource: the groups that own it. */
  readonly owners: ReadonlyMap<ResourceName, readonly string[]>;
}

/** Whatever of it there is; a grant brings its request along, which shows it. */
export async function readChanged(db: Reader, ids: ChangedIds): Promise<Changed> {
  const sessions = await db
    .selectFrom('dbSessions')
    .select(['id', 'grant'])
    .where('id', '=', anyOf([...ids.sessions]))
    .execute();
  const grants = await db
    .selectFrom('grants')
    .leftJoin('afterReviews', 'afterReviews.request', 'grants.request')
    .select(['grants.id', 'grants.request', 'grants.person', 'grants.resource'])
    .select(['afterReviews.reviewers as judges', 'afterReviews.runBy'])
    .where('grants.id', '=', anyOf([...ids.grants, ...sessions.map(({ grant }) => grant)]))
    .execute();
  const wanted = [...ids.requests, ...grants.filter(({ id }) => ids.grants.has(id)).map(({ request }) => request)];
  const rows = await db
    .selectFrom('requests')
    .leftJoin('afterReviews', 'afterReviews.request', 'requests.id')
    .select(['requests.id', 'requests.requester', 'requests.runBy', 'requests.resource', 'requests.steps'])
    .select('afterReviews.reviewers as judges')
    .where('requests.id', '=', anyOf(wanted))
    .execute();
  const reviews = await db
    .selectFrom('reviews')
    .select(['request', 'reviewer'])
    .where('request', '=', anyOf(wanted))
    .execute();
  const recipients = await db
    .selectFrom('noticeRecipients')
    .select('person')
    .distinct()
    .where('notice', '=', anyOf([...ids.notices]))
    .execute();
  const { resources } = await currentConfig(db);
  return {
    sessions,
    grants,
    told: new Set(recipients.map(({ person }) => person)),
    requests: rows.map((row) => ({
      ...row,
      steps: toSteps(row.steps),
      reviewers: reviews.filter(({ request }) => request === row.id).map(({ reviewer }) => reviewer),
    })),
    owners: new Map(resources.map(({ name, owners }) => [name, owners])),
  };
}

/**
 * What of it `person` may know to have changed: the same people as may read it (`show.ts`). Only names are told, and
 * whoever reads what they name is asked again.
 */
export function seenBy(person: Powered, changed: Changed): LiveChanges {
  const all = seesAll(person);
  const owns = (resource: ResourceName): boolean =>
    sees(person, resource) ||
    (changed.owners.get(resource) ?? []).some((group) => person.groups.some((own) => own === group));
  const requests = changed.requests.filter(
    ({ requester, runBy, resource, steps, reviewers, judges }) =>
      all ||
      isRequester({ name: requester, runBy }, person.name) ||
      reviewers.includes(person.name) ||
      steps.some((step) => isEligible(namedIn(step, true), { name: requester, runBy }, person)) ||
      (judges !== null && isEligible(judges, { name: requester, runBy }, person)) ||
      owns(resource),
  );
  const grants = changed.grants.filter(
    (grant) =>
      all ||
      grant.person === person.name ||
      owns(grant.resource) ||
      (grant.judges !== null && isEligible(grant.judges, { name: grant.person, runBy: grant.runBy ?? [] }, person)),
  );
  const seen = new Set(grants.map(({ id }) => id));
  return {
    requests: requests.map(({ id }) => id),
    grants: [...seen],
    sessions: changed.sessions.filter(({ grant }) => seen.has(grant)).map(({ id }) => id),
    notices: changed.told.has(person.name),
    everything: false,
  };
}
