/** What must never be is refused by the database itself, whoever asks it: here, somebody with a connection and SQL. */
import type { GrantId } from '@tidegate/core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantClosed, grantPrepared } from '../../src/access/reports.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
let sql: pg.Client;
let pending: string;
let scheduled: string;
let active: string;
let closed: string;

beforeAll(async () => {
  api = await startApi();
  sql = new pg.Client(api.storeUrl);
  await sql.connect();
  const alice = await api.as('alice');
  pending = (await alice.createRequest({ resource: 'orders', role: 'owner', reason: 'x' })).id;
  await (await api.as('bob')).review({ id: pending, decision: 'approve' });
  const ivan = await api.as('ivan');
  const grants: GrantId[] = [];
  for (let count = 0; count < 3; count += 1) {
    const { grant } = await ivan.createRequest({ resource: 'shop', role: 'reader' });
    if (grant !== null) grants.push(grant.id);
  }
  for (const id of grants.slice(1)) await grantPrepared(api.context, id);
  await ivan.relinquishGrant({ id: grants[2] ?? '' });
  await grantClosed(api.context, grants[2] ?? ('' as GrantId), 'near');
  [scheduled = '', active = '', closed = ''] = grants;
});
afterAll(async () => {
  await sql.end();
  await api.close();
});

/** The name of the constraint or trigger that refused the statement. */
async function refusedBy(text: string): Promise<string> {
  try {
    const { rowCount } = await sql.query(
      text
        .replaceAll('$pending', `'${pending}'`)
        .replaceAll('$scheduled', `'${scheduled}'`)
        .replaceAll('$active', `'${active}'`)
        .replaceAll('$closed', `'${closed}'`),
    );
    return `done to ${rowCount} rows`;
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.constraint ?? error.message) : String(error);
  }
}

const review = (who: string, step = 1, decision = 'approve') =>
  `INSERT INTO reviews VALUES ($pending, 'alice', '${who}', ${step}, '${decision}', NULL, now())`;
const grant = (request: string, person: string, state = 'scheduled') =>
  `INSERT INTO grants (id, request, person, resource, role, engine, privileges, login_name, duration, open_by, state,
     created_at, scram_salt, scram_iterations, principal_password)
   VALUES ('gxxxxxxx', ${request}, '${person}', 'orders', 'owner', 'postgres', 'own', 'x', 'PT1H', now(), '${state}',
     now(), '\\x00112233445566778899aabbccddeeff', 4096, 'v1.x')`;

describe('the database refuses', () => {
  test.each([
    ['a review by the requester', review('alice'), 'reviews_never_by_the_requester'],
    [
      'a review by the requester under another’s name as requester',
      "INSERT INTO reviews VALUES ($pending, 'bob', 'alice', 1, 'approve', NULL, now())",
      'reviews_of_a_request',
    ],
    ['two reviews by one person', review('bob'), 'reviews_one_a_person'],
    ['a review of a step there is not', review('dan', 2), 'reviews_need_an_open_request'],
    ['a review by nobody', review('mallory'), 'reviews_by_a_person'],
    ['a denial without a word', review('dan', 1, 'deny'), 'reviews_say_why_they_deny'],
    ['a changed review', "UPDATE reviews SET decision = 'deny'", 'reviews_are_never_changed'],
    ['a removed review', 'DELETE FROM reviews', 'reviews_are_never_changed'],
    ['no reviews at all', 'TRUNCATE reviews', 'reviews_are_never_emptied'],

    [
      'a decided request without a time',
      "UPDATE requests SET state = 'denied' WHERE id = $pending",
      'requests_are_pending_or_decided',
    ],
    [
      'more time than was asked for',
      "UPDATE requests SET duration = 'PT9H' WHERE id = $pending",
      'requests_keep_what_was_asked',
    ],
    ['fewer steps', "UPDATE requests SET steps = '[]' WHERE id = $pending", 'requests_rounds_follow_each_other'],
    ['another requester', "UPDATE requests SET requester = 'bob' WHERE id = $pending", 'requests_keep_what_was_asked'],
    [
      'a decision taken back',
      "UPDATE requests SET state = 'pending', decided_at = NULL WHERE state = 'approved'",
      'requests_state_moves',
    ],
    ['other tables', `UPDATE requests SET "only" = '["sales.x"]' WHERE id = $pending`, 'requests_keep_what_was_asked'],
    ['a removed request', 'DELETE FROM requests', 'requests_are_never_removed'],
    [
      'a request that begins approved',
      `INSERT INTO requests SELECT 'req_x', requester, resource, role, duration, starts_at, reason, ticket, extends, 'approved',
        rule, why, policy_version, steps, mfa, created_at, lapses_at, now() FROM requests WHERE id = $pending`,
      'requests_begin_pending_unless_nobody_is_asked',
    ],

    ['a grant of a pending request', grant('$pending', 'alice'), 'grants_need_an_approved_request'],
    [
      'a grant for somebody else than asked',
      grant('(SELECT request FROM grants WHERE id = $closed)', 'alice'),
      'grants_one_a_request',
    ],
    ['a grant that begins active', grant('$pending', 'alice', 'active'), 'grants_need_an_approved_request'],
    [
      'active without a clock',
      "UPDATE grants SET state = 'active' WHERE id = $scheduled",
      'grants_active_have_a_clock',
    ],
    [
      'closed at once',
      "UPDATE grants SET state = 'closed', close_reason = 'expired', closing_at = now(), closed_at = now() WHERE id = $active",
      'grants_state_moves',
    ],
    ['closing for no reason', "UPDATE grants SET state = 'closing' WHERE id = $active", 'grants_close_for_a_reason'],
    [
      'revoked by nobody',
      "UPDATE grants SET state = 'closing', close_reason = 'revoked', closing_at = now() WHERE id = $active",
      'grants_closed_by_someone',
    ],
    [
      'relinquished by somebody else',
      "UPDATE grants SET state = 'closing', close_reason = 'relinquished', closed_by = 'bob', closing_at = now() WHERE id = $active",
      'grants_relinquished_by_their_person',
    ],
    [
      'a clock set back',
      "UPDATE grants SET starts_at = starts_at + interval '1 h' WHERE id = $active",
      'grants_start_once',
    ],
    ['another person', "UPDATE grants SET person = 'olga' WHERE id = $active", 'grants_keep_what_was_granted'],
    ['a longer duration', "UPDATE grants SET duration = 'PT9H' WHERE id = $active", 'grants_keep_what_was_granted'],
    [
      'a closed grant opened again',
      "UPDATE grants SET state = 'active', close_reason = NULL WHERE id = $closed",
      /^grants_/,
    ],
    [
      'a closed grant that ends later',
      "UPDATE grants SET expires_at = expires_at + interval '1 h' WHERE id = $closed",
      /^grants_/,
    ],
    [
      'a grant by lines without any',
      grant('(SELECT request FROM grants WHERE id = $closed)', 'alice').replace("'own'", "'lines'"),
      'grants_list_their_lines',
    ],
    [
      'more than was granted',
      `UPDATE grants SET privileges = 'lines', lines = '[{}]' WHERE id = $active`,
      'grants_keep_what_was_granted',
    ],
    [
      'another word on saving results before it is open',
      'UPDATE grants SET may_export = true WHERE id = $scheduled',
      'grants_keep_what_may_be_saved',
    ],
    ['a removed grant', 'DELETE FROM grants', 'grants_are_never_removed'],

    ['a removed person', "DELETE FROM people WHERE name = 'olga'", 'people_are_never_removed'],
    ['a password as it is', "UPDATE people SET password = 'hunter2 hunter2'", 'people_passwords_are_hashed'],
    ['set-up again', "UPDATE setup SET used_at = NULL, token = 'v1.x'", 'setup_is_used_once'],
    ['a changed event', "UPDATE entries SET entry = '{}'", /^entries_/],
    ['a removed event', 'DELETE FROM entries', /^entries_/],
    ['no events at all', 'TRUNCATE entries', /^entries_/],
  ])('%s', async (_, statement, by) => {
    const refused = await refusedBy(statement);
    if (by instanceof RegExp) expect(refused).toMatch(by);
    else expect(refused).toBe(by);
  });

  test('but not what is right', async () => {
    expect(await refusedBy(review('dan'))).toBe('done to 1 rows');
    expect(await refusedBy("UPDATE requests SET state = 'approved', decided_at = now() WHERE id = $pending")).toBe(
      'done to 1 rows',
    );
    expect(await refusedBy(grant('$pending', 'alice'))).toBe('done to 1 rows');
  });
});
