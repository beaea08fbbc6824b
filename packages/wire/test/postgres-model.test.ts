/**
 * Whatever a client pipelines, however it is cut into chunks and however late the server answers: the record names the
 * statement that was truly run, or tells that it may have been one of several, and the outcome it truly had.
 */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Outcome, postgres } from '../src/index.ts';
import { client } from './support/craft.ts';
import { type Ask, ModelServer, type Truth } from './support/model.ts';
import { Summary } from './support/summary.ts';

const name = fc.constantFrom('', 'a', 'b');
const sql = fc.constantFrom('one', 'two', 'bad', 'fail', 'many', '');

const plain: fc.Arbitrary<Ask[]> = fc
  .oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('parse' as const), name, sql }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('bind' as const),
        portal: name,
        name,
        value: fc.constantFrom('v', 'w', 'bad'),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('execute' as const), portal: name, maxRows: fc.constantFrom(0, 1) }),
    },
    { weight: 5, arbitrary: fc.constant({ do: 'sync' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('describe' as const, 'close' as const),
        of: fc.constantFrom('statement' as const, 'portal' as const),
        name,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('query' as const),
        words: fc.array(fc.constantFrom('one', 'two', 'fail', 'dealloc'), { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Ask>({ do: 'call' }, { do: 'flush' }, { do: 'copyDone' }, { do: 'data', bytes: 'x' }),
    },
  )
  .map((ask) => [ask]);

const data: fc.Arbitrary<Ask[]> = fc
  .tuple(
    fc.array(fc.record({ do: fc.constant('data' as const), bytes: fc.constantFrom('1', '22', 'bad') }), {
      maxLength: 3,
    }),
    fc.constantFrom<Ask>({ do: 'copyDone' }, { do: 'copyFail' }),
  )
  .map(([sent, end]) => [...sent, end]);

const copyWord = fc.constantFrom('copy', 'copyfail');
const SYNC: Ask = { do: 'sync' };

/** A COPY as drivers do it: with or without a Sync too early. The Sync before makes sure that it is not skipped. */
const extendedCopy: fc.Arbitrary<Ask[]> = fc.tuple(copyWord, data, fc.boolean()).map(([word, sent, early]) => [
  SYNC,
  { do: 'parse', name: '', sql: word },
  { do: 'bind', portal: '', name: '', value: 'v' },
  { do: 'execute', portal: '', maxRows: 0 },
  ...(early ? [SYNC] : []),
  ...sent,
  SYNC,
  // So that nothing after this executes it by chance.
  { do: 'parse', name: '', sql: 'one' },
  SYNC,
]);

const simpleCopy: fc.Arbitrary<Ask[]> = fc
  .tuple(copyWord, data, fc.constantFrom([], ['one'], ['fail']))
  .map(([word, sent, rest]) => [SYNC, { do: 'query', words: [word, ...rest] }, ...sent]);

const asks = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: plain },
      { weight: 1, arbitrary: extendedCopy },
      { weight: 1, arbitrary: simpleCopy },
    ),
    { maxLength: 60, size: 'max' },
  )
  .map((parts) => [...parts.flat(), SYNC]);

function bytesOf(ask: Ask): Buffer {
  switch (ask.do) {
    case 'parse':
      return client.parse(ask.name, ask.sql);
    case 'bind':
      return client.bind(ask.portal, ask.name, [ask.value]);
    case 'execute':
      return client.execute(ask.portal, ask.maxRows);
    case 'query':
      return client.query(ask.words.join(';'));
    case 'describe':
      return ask.of === 'statement' ? client.describeStatement(ask.name) : client.describePortal(ask.name);
    case 'close':
      return ask.of === 'statement' ? client.closeStatement(ask.name) : client.closePortal(ask.name);
    case 'data':
      return client.copyData(ask.bytes);
    case 'call':
      return client.functionCall(1, []);
    case 'copyFail':
      return client.copyFail('no');
    case 'copyDone':
    case 'flush':
    case 'sync':
      return client[ask.do]();
  }
}

/** The executions of a summary, as truths may be held against them. */
function recorded(summary: Summary) {
  return summary.lines
    .map((line): [string, string, string[], string[]] => JSON.parse(line))
    .filter(([what]) => /^(?:execute|simple|call)/.test(what))
    .map(([what, content, alternatives, outcomes]) => ({
      what: what.split(' ')[0],
      /** Everything it may have been, as one text to look into. */
      candidates: [what, content, ...alternatives].join('\n'),
      certain: alternatives.length === 0,
      states: outcomes.filter((outcome) => outcome !== 'finished').map((outcome) => Number(outcome.split(' ')[1])),
    }));
}

function check(truths: readonly Truth[], summary: Summary): void {
  const records = recorded(summary);
  expect(records.length).toBe(truths.length);
  for (const [index, truth] of truths.entries()) {
    const record = records[index];
    const states = truth.states.map((state) => Outcome[state]);
    expect(truth.unbound === true ? [states, [Outcome.error]] : [states]).toContainEqual(record?.states);
    if (truth.ran === null) continue;
    expect(record?.candidates).toMatch(new RegExp(`prepare [ab]? ${truth.ran.sql}\\)|prepare  ${truth.ran.sql}\\)`));
    expect(record?.candidates).toContain(`\u0001${truth.ran.value}`);
  }
}

test('the record is true of whatever was run', () => {
  fc.assert(
    fc.property(asks, fc.infiniteStream(fc.nat(12)), fc.infiniteStream(fc.nat(40)), (asked, turns, cuts) => {
      const model = new ModelServer();
      const summary = new Summary();
      const session = new postgres.PostgresSession(summary);
      let answers = Buffer.alloc(0);
      let ambiguous = false;
      const deliver = (count: number) => {
        for (let left = Math.min(count, answers.length); left > 0; ) {
          const size = Math.min(left, 1 + cuts.next().value);
          expect(session.fromServer(answers.subarray(0, size))).toBeNull();
          answers = answers.subarray(size);
          left -= size;
        }
      };
      for (let at = 0; at < asked.length && !ambiguous; ) {
        const batch = asked.slice(at, at + 1 + turns.next().value);
        at += batch.length;
        let sent = Buffer.concat(batch.map(bytesOf));
        while (sent.length > 0) {
          const size = 1 + cuts.next().value * 4;
          const refused = session.fromClient(sent.subarray(0, size));
          // A name prepared over and over without an answer is refused; nothing else is.
          if (refused !== null) expect(refused.code).toBe('0A000');
          ambiguous ||= refused !== null;
          sent = sent.subarray(size);
        }
        if (ambiguous) return;
        answers = Buffer.concat([answers, ...batch.map((ask) => model.ask(ask))]);
        deliver(turns.next().value * 8);
      }
      deliver(answers.length);
      expect(session.idle).toBe(true);
      check(model.truths, summary);
      // With nothing under way there is no doubt left, and both are still in step.
      const before = recorded(summary).length;
      for (const standing of ['', 'a', 'b']) {
        const last: Ask[] = [
          { do: 'bind', portal: '', name: standing, value: 'v' },
          { do: 'execute', portal: '', maxRows: 0 },
          SYNC,
        ];
        expect(session.fromClient(Buffer.concat(last.map(bytesOf)))).toBeNull();
        expect(session.fromServer(Buffer.concat(last.map((ask) => model.ask(ask))))).toBeNull();
      }
      check(model.truths, summary);
      expect(
        recorded(summary)
          .slice(before)
          .every(({ certain }) => certain),
      ).toBe(true);
      expect(session.idle).toBe(true);
    }),
    { numRuns: 600 },
  );
});
