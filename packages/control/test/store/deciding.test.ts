/**
 * What the database itself refuses of deciding, whoever asks it: rounds, stand-ins, break-glass, windows, delegations.
 * Each statement stands in a transaction of its own, which is taken back.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
let sql: pg.Client;
const ids = { pending: '', decided: '', active: '' };

beforeAll(async () => {
  api = await startApi();
  sql = new pg.Client(api.storeUrl);
  await sql.connect();
  ids.pending = (await (await api.as('alice')).createRequest({ resource: 'orders', role: 'owner', reason: 'x' })).id;
  await (await api.as('bob')).review({ id: ids.pending, decision: 'approve' });
  const made = await (await api.as('ivan')).createRequest({ resource: 'shop', role: 'reader' });
  ids.decided = made.id;
  ids.active = made.grant?.id ?? '';
  for (const fixture of [
    request({ id: 'req_urgent', ...URGENT, run_by: ['olga'] }),
    request({ id: 'req_weekly', ...APPROVED, recurrence: {} }),
    afterReview('req_urgent'),
    delegation({}),
    kept({}),
  ]) {
    await sql.query(filled(fixture));
  }
});
afterAll(async () => {
  await sql.end();
  await api.close();
});

type Columns = Readonly<Record<string, unknown>>;
const literal = (value: unknown): string => `'${JSON.stringify(value)}'`;
/** A row like one that is there, but for some columns. */
const like = (table: string, where: string, columns: Columns): string =>
  `INSERT INTO ${table} SELECT (jsonb_populate_record(base, ${literal(columns)})).* FROM ${table} base WHERE ${where}`;

const APPROVED = { state: 'approved', decided_at: '2026-11-22T09:00:00Z', steps: [] };
const URGENT = { ...APPROVED, break_glass: true };
const request = (columns: Columns): string => like('requests', 'id = $pending', { id: 'req_x', ...columns });
const review = (columns: Columns): string =>
  like('reviews', "reviewer = 'bob'", { step: 1, fits: [1], reviewer: 'dan', ...columns });
const grant = (columns: Columns): string =>
  like('grants', 'id = $active', {
    request: 'req_weekly',
    person: 'alice',
    resource: 'orders',
    role: 'owner',
    opening: '2026-11-24T22:00:00Z',
    ...columns,
  });
const delegation = (columns: Columns): string =>
  `INSERT INTO delegations SELECT * FROM jsonb_populate_record(NULL::delegations, ${literal({
    id: 'dlg_1',
    person: 'bob',
    delegate: 'olga',
    starts_at: '2026-11-22T09:00:00Z',
    ends_at: '2026-11-29T09:00:00Z',
    reason: 'away',
    created_by: 'bob',
    created_at: '2026-11-22T09:00:00Z',
    ...columns,
  })})`;
const kept = (columns: Columns): string =>
  `INSERT INTO kept_grants SELECT * FROM jsonb_populate_record(jsonb_populate_record(NULL::kept_grants, ${literal({
    policy_version: 1,
    by: 'carol',
    comment: 'until the migration is done',
    at: '2026-11-22T09:00:00Z',
  })} || jsonb_build_object('grant', $active)), ${literal(columns)})`;
const afterReview = (of: string, columns: Columns = {}): string =>
  `INSERT INTO after_reviews SELECT * FROM jsonb_populate_record(NULL::after_reviews, ${literal({
    request: of,
    requester: 'alice',
    run_by: ['olga'],
    resource: 'orders',
    role: 'owner',
    reviewers: {},
    due_at: '2026-11-23T09:00:00Z',
    ...columns,
  })})`;
const LOOKED = { reviewed_by: 'dan', verdict: 'justified', comment: 'an outage', reviewed_at: '2026-11-22T10:00:00Z' };
const looked = (columns: Columns = {}): string =>
  `UPDATE after_reviews SET ${Object.entries({ ...LOOKED, ...columns })
    .map(([column, value]) => `${column} = ${value === null ? 'NULL' : `'${String(value)}'`}`)
    .join(', ')}`;
/** As another connection at the same time would have it: the trigger has not seen what it has not committed. */
const UNSEEN = 'ALTER TABLE reviews DISABLE TRIGGER reviews_need_an_open_request;';

const filled = (text: string): string =>
  text
    .replaceAll('$pending', `'${ids.pending}'`)
    .replaceAll('$decided', `'${ids.decided}'`)
    .replaceAll('$active', `'${ids.active}'`);

/** The name of the constraint or trigger that refused the statements; `done`: none did. */
async function refusedBy(text: string): Promise<string> {
  await sql.query('BEGIN');
  try {
    await sql.query(filled(text));
    return 'done';
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.constraint ?? error.message) : String(error);
  } finally {
    await sql.query('ROLLBACK');
  }
}

describe('the database refuses', () => {
  test.each([
    ['no delegations at all', 'TRUNCATE delegations', 'delegations_are_never_emptied'],
    ['no reviews afterwards at all', 'TRUNCATE after_reviews', 'after_reviews_are_never_emptied'],
    ['no kept grants at all', 'TRUNCATE kept_grants', 'kept_grants_are_never_emptied'],
    ['break-glass that waits', request({ break_glass: true }), 'requests_by_break_glass_wait_for_nobody'],
    [
      'break-glass for later',
      request({ ...URGENT, starts_at: '2026-12-01T09:00:00Z' }),
      'requests_by_break_glass_are_for_now',
    ],
    ['break-glass every week', request({ ...URGENT, recurrence: {} }), 'requests_by_break_glass_are_for_now'],
    ['windows that extend', request({ recurrence: {}, extends: 'gxxxxxxx' }), 'requests_that_recur_extend_nothing'],
    [
      'a next window where none comes again',
      request({ next_opening: '2026-12-01T09:00:00Z' }),
      'requests_open_again_only_if_they_recur',
    ],
    ['a request without a round', request({ round: null }), 'null value in column "round"'],
    [
      'another reason for a decision',
      "UPDATE requests SET why = 'x' WHERE id = $decided",
      'requests_decided_are_decided',
    ],
    ['another rule that decided', "UPDATE requests SET rule = 'x' WHERE id = $decided", 'requests_decided_are_decided'],
    [
      'a decided request’s next round',
      'UPDATE requests SET round = 1 WHERE id = $decided',
      'requests_decided_are_decided',
    ],
    ['a round left out', 'UPDATE requests SET round = 2 WHERE id = $pending', 'requests_rounds_follow_each_other'],
    ['a round taken back', 'UPDATE requests SET round = -1 WHERE id = $pending', 'requests_rounds_follow_each_other'],
    [
      'steps without a round',
      "UPDATE requests SET steps = '[]' WHERE id = $pending",
      'requests_rounds_follow_each_other',
    ],
    [
      'break-glass made of it',
      'UPDATE requests SET break_glass = true WHERE id = $pending',
      'requests_keep_what_was_asked',
    ],
    ['windows made of it', "UPDATE requests SET recurrence = '{}' WHERE id = $pending", 'requests_keep_what_was_asked'],

    ['a review of another round', review({ round: 1 }), 'reviews_need_an_open_request'],
    ['in the requester’s stead', review({ on_behalf_of: 'alice' }), 'reviews_never_in_the_requesters_stead'],
    ['in one’s own stead', review({ on_behalf_of: 'dan' }), 'reviews_in_the_stead_of_another'],
    ['for who has reviewed', review({ on_behalf_of: 'bob' }), 'reviews_one_a_person'],
    [
      'by who was stood in for',
      `${review({ on_behalf_of: 'lea' })}; ${review({ reviewer: 'lea' })}`,
      'reviews_one_a_person',
    ],
    [
      'twice in one’s stead',
      `${review({ on_behalf_of: 'lea' })}; ${review({ reviewer: 'carol', on_behalf_of: 'lea' })}`,
      'reviews_one_a_person',
    ],
    [
      'twice in one’s stead, at once',
      `${UNSEEN} ${review({ on_behalf_of: 'lea' })}; ${review({ reviewer: 'carol', on_behalf_of: 'lea' })}`,
      'reviews_one_in_the_stead_of_a_person',
    ],
    ['twice by one, at once', `${UNSEEN} ${review({})}; ${review({ on_behalf_of: 'lea' })}`, 'reviews_one_a_person'],
    [
      'by who runs the workload',
      `UPDATE requests SET run_by = '{dan}' WHERE id = $pending; ${review({})}`,
      'reviews_never_by_the_requester',
    ],
    [
      'for who runs the workload',
      `UPDATE requests SET run_by = '{lea}' WHERE id = $pending; ${review({ on_behalf_of: 'lea' })}`,
      'reviews_never_by_the_requester',
    ],
    [
      'a denial that shortens',
      review({ decision: 'deny', comment: 'no', duration: '10 minutes' }),
      'reviews_that_approve_may_shorten',
    ],
    ['an approval for nothing', review({ duration: '0' }), 'reviews_that_approve_may_shorten'],
    ['a review that fits a later stage too', review({ fits: [0, 1] }), 'reviews_fit_one_stage'],
    ['a review that does not fit where it counted', review({ fits: [] }), 'reviews_fit_where_they_counted'],

    [
      'two grants of one window',
      `${grant({ id: 'g1', login_name: 'a' })}; ${grant({ id: 'g2', login_name: 'b' })}`,
      'grants_one_a_request',
    ],
    ['a grant’s other window', 'UPDATE grants SET opening = now() WHERE id = $active', 'grants_keep_what_was_granted'],
    ['a grant kept twice', kept({}), 'kept_grants_once_a_policy'],
    ['a grant that is none, kept', kept({ policy_version: 2, grant: 'gxxxxxxx' }), 'kept_grants_are_grants'],
    ['a grant kept by nobody', kept({ policy_version: 2, by: 'mallory' }), 'kept_grants_by_a_person'],
    ['a grant kept for no reason', kept({ policy_version: 2, comment: '' }), 'kept_grants_for_a_reason'],
    ['another reason to keep it', "UPDATE kept_grants SET comment = 'x'", 'kept_grants_are_never_changed'],
    ['a decision to keep it removed', 'DELETE FROM kept_grants', 'kept_grants_are_never_changed'],

    ['a delegation twice', delegation({}), 'delegations_are_named_once'],
    ['a delegation of nobody', delegation({ id: 'dlg_2', person: 'mallory' }), 'delegations_of_a_person'],
    ['a delegation to nobody', delegation({ id: 'dlg_2', delegate: 'mallory' }), 'delegations_to_a_person'],
    ['a delegation to oneself', delegation({ id: 'dlg_2', delegate: 'bob' }), 'delegations_to_somebody_else'],
    [
      'a delegation that ends before it begins',
      delegation({ id: 'dlg_2', ends_at: '2026-11-22T09:00:00Z' }),
      'delegations_last_some_time',
    ],
    [
      'a longer delegation',
      "UPDATE delegations SET ends_at = ends_at + interval '1 h'",
      'delegations_keep_what_was_said',
    ],
    ['another who stands in', "UPDATE delegations SET delegate = 'dan'", 'delegations_keep_what_was_said'],
    ['a removed delegation', 'DELETE FROM delegations', 'delegations_are_never_removed'],

    ['two looks at one break-glass', afterReview('req_urgent'), 'after_reviews_one_a_request'],
    ['a look at nothing', afterReview('req_none'), 'after_reviews_of_a_request'],
    ['a look at another’s', afterReview('req_weekly', { requester: 'bob' }), 'after_reviews_of_a_request'],
    ['a look by nobody', looked({ reviewed_by: 'mallory' }), 'after_reviews_by_a_person'],
    ['a look by who asked', looked({ reviewed_by: 'alice' }), 'after_reviews_never_by_the_requester'],
    ['a look by who runs it', looked({ reviewed_by: 'olga' }), 'after_reviews_never_by_the_requester'],
    ['a look that says nothing clear', looked({ verdict: 'perhaps' }), 'after_reviews_say'],
    ['half a look', looked({ verdict: null }), 'after_reviews_are_open_or_whole'],
    ['a look without a word', looked({ comment: '' }), 'after_reviews_are_open_or_whole'],
    ['a second thought', `${looked()}; ${looked({ verdict: 'not_justified' })}`, 'after_reviews_are_said_once'],
    [
      'more time to look',
      "UPDATE after_reviews SET due_at = due_at + interval '1 h'",
      'after_reviews_keep_what_happened',
    ],
    ['other lookers', "UPDATE after_reviews SET reviewers = '[]'", 'after_reviews_keep_what_happened'],
    ['a break-glass nobody looks at', 'DELETE FROM after_reviews', 'after_reviews_are_never_removed'],
  ])('%s', async (_, statement, by) => {
    expect(await refusedBy(statement)).toContain(by);
  });

  test.each([
    ['break-glass for now', request(URGENT)],
    ['the next round, with other steps', "UPDATE requests SET round = 1, steps = '[]' WHERE id = $pending"],
    ['a decided request’s next window', "UPDATE requests SET next_opening = now() WHERE id = 'req_weekly'"],
    ['a review in another’s stead, for less time', review({ on_behalf_of: 'lea', duration: '10 minutes' })],
    [
      'another round’s review by the same person',
      `UPDATE requests SET round = 1 WHERE id = $pending; ${review({ reviewer: 'bob', round: 1 })}`,
    ],
    [
      'a grant for each window',
      `${grant({ id: 'g1', login_name: 'a' })}; ${grant({ id: 'g2', login_name: 'b', opening: '2026-12-01T22:00:00Z' })}`,
    ],
    ['a grant kept under the next policy, too', kept({ policy_version: 2 })],
    ['a delegation ended early', 'UPDATE delegations SET ended_at = now()'],
    ['a look at break-glass', looked()],
  ])('but not %s', async (_, statement) => {
    expect(await refusedBy(statement)).toBe('done');
  });
});
