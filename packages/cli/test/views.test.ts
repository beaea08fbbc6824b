import { stripVTControlCharacters } from 'node:util';
import { type Explanation, explanation, grant, type RequestView, request } from '@tidegate/contract';
import type { Verification } from '@tidegate/core';
import { describe, expect, test } from 'vitest';
import { explanationText, grantsText, requestsText, requestText } from '../src/views/access.ts';
import { type Entry, entriesText, verificationText } from '../src/views/record.ts';

const plain = stripVTControlCharacters;

const aGrant = grant.parse({
  id: 'gd6mnttx',
  request: 'req_e5g5wtmsdf33hetf',
  person: 'alice',
  resource: 'orders',
  engine: 'postgres',
  role: 'reader',
  lines: null,
  loginName: 'alice.gd6mnttx',
  state: 'closing',
  duration: 'PT30M',
  startsAt: '2026-11-20T10:00:00Z',
  expiresAt: '2026-11-20T10:30:00Z',
  closedAt: null,
  closedBecause: 'revoked',
  closedBy: 'carol',
  comment: 'called\u001b[2J back',
  problem: null,
  mayExport: null,
});
const plainStep = { escalate: null, escalatesAt: null, takesMore: false };
const plainReview = {
  onBehalfOf: null,
  round: 0,
  decision: 'approve',
  duration: null,
  at: '2026-11-20T10:01:00Z',
};
const pending: RequestView = request.parse({
  id: 'req_e5g5wtmsdf33hetf',
  requester: 'O’Brien "x".y',
  runBy: [],
  resource: 'orders',
  role: 'owner',
  duration: 'PT30M',
  startsAt: null,
  recurrence: null,
  nextOpening: null,
  agreedDuration: 'PT30M',
  breakGlass: false,
  afterReview: null,
  only: null,
  round: 0,
  reason: 'order\n4711',
  ticket: null,
  extends: null,
  state: 'pending',
  createdAt: '2026-11-20T10:00:00Z',
  lapsesAt: '2026-11-20T18:00:00Z',
  steps: [
    { ...plainStep, stage: 0, groups: ['leads'], people: [], count: 2, approvedBy: ['bob'], state: 'open' },
    { ...plainStep, stage: 1, groups: ['dba'], people: ['dave'], count: 1, approvedBy: [], state: 'waiting' },
  ],
  reviews: [{ ...plainReview, reviewer: 'bob', step: 0, comment: 'ok' }],
  decision: { rule: 'own', why: 'Rule “own” applies.' },
  grant: null,
});

describe('requests', () => {
  test('say who still has to agree, step by step', () => {
    const text = plain(requestText(pending));
    expect(text).toContain('waits for  one of leads, then one of dba or dave; lapses 2026-11-20');
    expect(text).toContain('O’Brien "x".y asks for owner on orders');
    expect(text).toContain('reason     order 4711');
    expect(text).toContain('approved by bob: ok');
  });

  test('say whose approval would help as well, because another’s counts elsewhere then', () => {
    const steps = [
      {
        ...plainStep,
        stage: 0,
        groups: ['leads'],
        people: [],
        count: 1,
        approvedBy: ['bob'],
        state: 'done',
        takesMore: true,
      },
      { ...plainStep, stage: 0, groups: ['dba'], people: [], count: 1, approvedBy: [], state: 'open', takesMore: true },
      { ...plainStep, stage: 1, groups: ['security'], people: [], count: 1, approvedBy: [], state: 'waiting' },
    ];
    expect(plain(requestText(request.parse({ ...pending, steps })))).toContain(
      'waits for  one of dba, or instead one of leads, then one of security; lapses',
    );
  });

  test('leave out of a list what every line would say', () => {
    expect(plain(requestsText([pending], 'mine', ''))).not.toContain('O’Brien');
    expect(plain(requestsText([pending], 'to-review', ''))).not.toContain('pending');
    expect(plain(requestsText([pending], 'all', ''))).toMatch(
      /O’Brien.*pending: one of leads, then one of dba or dave/,
    );
  });

  test('for more time say so', () => {
    expect(plain(requestsText([{ ...pending, extends: aGrant.id }], 'mine', ''))).toContain('owner on orders, +30 min');
  });
});

test('a grant that was taken away says by whom and why, and nothing of it steers the terminal', () => {
  const text = grantsText([aGrant], 'None.');
  expect(plain(text)).toContain('closing, revoked by carol: called�[2J back');
});

test('an explanation names who could agree, and why other rules did not decide', () => {
  const explained: Explanation = explanation.parse({
    outcome: 'needs_approval',
    rule: 'own',
    why: 'Because.',
    maxDuration: 'PT4H',
    defaultDuration: null,
    mfaAt: ['connect'],
    lines: null,
    mayExport: false,
    reason: { required: true, ticket: null },
    steps: [
      { ...pending.steps[0], candidates: ['bob'], escalatedTo: [] },
      { ...pending.steps[1], candidates: [], escalatedTo: [] },
    ],
    considered: [
      { rule: 'read', matched: false, because: ['it is for reader, not owner'], conditions: [] },
      {
        rule: 'own',
        matched: true,
        because: [],
        conditions: [{ text: 'now.hour < 18', holds: true, error: null, values: ['now.hour is 9'] }],
      },
    ],
  });
  const text = plain(explanationText(explained));
  expect(text).toContain('1.  2 of leads: bob');
  expect(text).toContain('2.  one of dba or dave: nobody could now');
  expect(text).toContain('·  read: it is for reader, not owner');
  expect(text).toContain('✓  own');
  expect(text).toContain('✓ now.hour < 18 now.hour is 9');
});

describe('the record', () => {
  const entry = (kind: string, data: Entry['data']): Entry => ({
    stream: 'control',
    seq: 1,
    at: '2026-11-20T10:00:00.000Z',
    kind,
    data,
    hash: '00',
  });
  const line = (kind: string, data: Entry['data']): string =>
    plain(entriesText([entry(kind, data)])).split('\n')[1] ?? '';

  test('tells a review by its reviewer, a session by its person', () => {
    const reviewed = {
      by: 'bob',
      person: 'alice',
      decision: 'approve',
      role: 'reader',
      resource: 'orders',
      comment: 'go',
    };
    expect(line('request.reviewed', reviewed)).toMatch(
      /bob\s+request\.reviewed\s+approves alice: reader on orders: go$/,
    );
    const ended = { by: 'carol', person: 'alice', grant: 'g1', because: 'grant_revoked', statements: 2 };
    expect(line('session.ended', ended)).toMatch(/alice\s+session\.ended\s+g1\s+grant revoked after 2 statements$/);
  });

  test('tells statements with their values, and outcomes with rows, time or SQLSTATE', () => {
    const values = [
      { type: 'int4', value: 4711 },
      { type: 'text', value: null },
      { type: 'x', hex: 'ff00' },
    ];
    expect(line('statement', { person: 'alice', text: 'SELECT $1', values })).toContain(
      'SELECT $1  [4711, NULL, \\xff00]',
    );
    expect(line('statement.outcome', { state: 'done', command: 'SELECT', rows: 1, durationMs: 2.5 })).toContain(
      'SELECT, 1 row in 2.5 ms',
    );
    expect(line('statement.outcome', { state: 'error', sqlstate: '42501', rows: null, durationMs: 1 })).toContain(
      'error 42501 in 1 ms',
    );
  });

  test('shows by name what it has no sentence for, and what lacks what a sentence is made of', () => {
    expect(line('person.created', { by: 'carol', person: 'dave', groups: ['dba'], note: null })).toMatch(
      /carol\s+person\.created\s+person=dave groups=\["dba"\]$/,
    );
    expect(line('request.created', { person: 'alice', role: 'reader', duration: 'soon' })).toContain('duration=soon');
  });

  test('a failed check says where', () => {
    const result: Verification = {
      ok: false,
      failure: { code: 'wrong_hash', line: 7, stream: 'control', seq: 3, message: 'The hash is another.' },
      streams: [],
      entries: 6,
      checkpoints: 0,
    };
    expect(plain(verificationText(result))).toContain('✗ The hash is another. (wrong_hash: line 7, control, entry 3)');
    expect(plain(verificationText({ ...result, ok: true, failure: null }))).toContain('✓ 6 entries, unbroken');
  });
});
