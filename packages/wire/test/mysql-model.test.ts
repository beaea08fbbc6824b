/**
 * Whatever a client pipelines, however it is cut into chunks and however late the server answers: the record names the
 * statement that truly ran, with its values, and the outcome it truly had; and what is for the gateway never reaches the
 * server, while everything else does, in order.
 */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mysql, Outcome } from '../src/index.ts';
import { client, long, message, string } from './support/mysql-craft.ts';
import { MysqlModel, type Truth } from './support/mysql-model.ts';
import { Player } from './support/mysql-replay.ts';
import { Summary } from './support/summary.ts';

interface Ask {
  readonly bytes: Buffer;
  /** It is the gateway's to answer: what the record says of it. */
  readonly aside?: { readonly what: string; readonly text: string };
}

const LAST = 0xffffffff;
const id = fc.constantFrom(1, 2, 3, 4, LAST);
const words = fc.array(fc.constantFrom('rows', 'change', 'fail'), { minLength: 1, maxLength: 3 });
const values = fc.constantFrom([], [long(5)], [long(6), string('text')], [string('only')]);

const asks: fc.Arbitrary<Ask[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: words.map((of): Ask => ({ bytes: client.query(of.join(';')) })) },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom('rows', 'rows ?', 'change ? ?', 'later ?', 'fail', 'change')
        .map((text): Ask => ({ bytes: client.prepare(text) })),
    },
    {
      weight: 6,
      arbitrary: fc
        .tuple(id, values, fc.boolean(), fc.constantFrom(0, 0, 1))
        .map(([of, given, types, flags]): Ask => ({ bytes: client.execute(of, given, { types }, flags) })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(id, fc.constantFrom(1, 2, 5)).map(([of, n]): Ask => ({ bytes: client.fetch(of, n) })),
    },
    { weight: 1, arbitrary: id.map((of): Ask => ({ bytes: client.longData(of, 0, 'ahead') })) },
    { weight: 1, arbitrary: id.map((of): Ask => ({ bytes: client.close(of) })) },
    { weight: 1, arbitrary: fc.constantFrom('shop', 'fail').map((name): Ask => ({ bytes: client.initDb(name) })) },
    { weight: 1, arbitrary: fc.constantFrom<Ask>({ bytes: client.ping() }, { bytes: client.resetConnection() }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Ask>(
        { bytes: client.query('/* x */ kill query 5;'), aside: { what: 'simple', text: '/* x */ kill query 5;' } },
        { bytes: client.processKill(7), aside: { what: 'call', text: '' } },
        { bytes: client.changeUser('root'), aside: { what: 'call', text: '' } },
        { bytes: message(0), aside: { what: 'call', text: '' } },
      ),
    },
  ),
  { maxLength: 40, size: 'max' },
);

/** What the record says ran. */
function recorded(lines: readonly string[]) {
  return lines
    .map((line): [string, string, string[], string[]] => JSON.parse(line))
    .filter(([what]) => /^(?:execute|simple|call)/.test(what))
    .map(([what, content, , outcomes]) => ({
      what: what.split(' ')[0] ?? '',
      statement: what,
      content,
      states: outcomes.map((outcome) => Number(outcome.split(' ')[1])),
    }));
}

/** A KILL, or a call of a command that the server never sees: the empty one, COM_PROCESS_KILL, COM_CHANGE_USER. */
function isAside({ what, content }: { what: string; content: string }): boolean {
  return what === 'simple'
    ? content.includes('kill')
    : what === 'call' && ['\0', '\x0c', '\x11'].includes(content.charAt(0));
}

function check(truths: readonly Truth[], records: ReturnType<typeof recorded>): void {
  expect(records.map(({ what }) => what)).toEqual(truths.map(({ what }) => what));
  for (const [index, { what, text, content, states }] of truths.entries()) {
    const record = records[index];
    expect(record?.states).toEqual(states.map((state) => Outcome[state]));
    if (what === 'simple') expect(record?.content).toBe(text);
    else if (content !== '') expect(record?.content).toBe(content);
    // A fetch says what it continues; an execution of an unknown number names that.
    if (what === 'execute' && text !== '') expect(record?.statement).toContain(`(prepare  ${text})`);
  }
}

test.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])('the record is true of whatever was run (EOF deprecated: %j, MariaDB: %j)', (deprecateEof, mariadb) => {
  fc.assert(
    fc.property(asks, fc.infiniteStream(fc.nat(6)), fc.infiniteStream(fc.nat(60)), (asked, turns, cuts) => {
      const model = new MysqlModel(deprecateEof, mariadb);
      const summary = new Summary();
      const asides = asked.filter(({ aside }) => aside !== undefined);
      const truths: Truth[] = [];
      let answers = Buffer.alloc(0);
      const player = new Player(
        summary,
        {
          capabilities: mysql.Capability.protocol41 + (deprecateEof ? mysql.Capability.deprecateEof : 0),
          mariadbCapabilities: 0,
          flavour: mariadb ? 'mariadb' : 'mysql',
        },
        () => null,
      );
      /** Hands on what was forwarded, and puts asides among what the server did, where they were answered. */
      const forward = () => {
        for (const bytes of player.forwarded.splice(0)) answers = Buffer.concat([answers, model.take(bytes)]);
        truths.push(...model.truths.splice(0));
      };
      const deliver = (count: number) => {
        for (let left = Math.min(count, answers.length); left > 0; ) {
          const size = Math.min(left, 1 + cuts.next().value);
          const piece = answers.subarray(0, size);
          answers = answers.subarray(size);
          expect(player.fromServer(piece)).toBeNull();
          forward();
          left -= size;
        }
      };
      for (const batch of batches(asked, () => 1 + turns.next().value)) {
        let sent = Buffer.concat(batch.map(({ bytes }) => bytes));
        while (sent.length > 0) {
          const size = 1 + cuts.next().value * 2;
          expect(player.fromClient(sent.subarray(0, size))).toBeNull();
          forward();
          sent = sent.subarray(size);
        }
        deliver(turns.next().value * 20);
      }
      while (answers.length > 0) deliver(answers.length);
      expect(player.session.idle).toBe(true);
      expect(player.session.crowded).toBe(false);
      // Asides are on record among the others, in their own order.
      const records = recorded(summary.lines);
      const own = records.filter(isAside);
      expect(own.map(({ what }) => what)).toEqual(asides.map(({ aside }) => aside?.what));
      check(
        truths,
        records.filter((record) => !isAside(record)),
      );
    }),
    { numRuns: 150 },
  );
});

function* batches<T>(all: readonly T[], size: () => number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; ) {
    const batch = all.slice(at, at + size());
    at += batch.length;
    yield batch;
  }
}
