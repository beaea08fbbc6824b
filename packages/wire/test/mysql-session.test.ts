/** What recorded sessions don't show: MySQL's own ways, and the corners of the session's state, packet by packet. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { mysql, type Refusal } from '../src/index.ts';
import { client, counted, long, message, Status, server, string, uint } from './support/mysql-craft.ts';
import { attributed, BASE, mariadb, rows, Stage, withEof, withoutEof } from './support/mysql-stage.ts';

const { MariadbCapability } = mysql;

describe('results', () => {
  test('rows end with EOF, whose first byte a long row may have too', () => {
    const stage = withEof();
    stage.send(client.query('select a'));
    stage.answer(server.columns(1, 1), server.definition(2), server.eof(3), ...rows(4, 'x', 'yy'));
    expect(stage.session.idle).toBe(false);
    // A value of 9 bytes and a length of 8 more: longer than an EOF packet.
    expect(stage.answer(message(6, 0xfe, uint(9, 8), 'nine char'), server.eof(7))).toBeNull();
    expect(stage.told()).toEqual(["simple 1 'select a'", "outcome 1.0 done rows 3 in 0 out 23 ''"]);
    expect(stage.session.idle).toBe(true);
  });

  test('rows end with an OK packet where EOF is deprecated, with state behind it', () => {
    const stage = attributed();
    stage.send(client.attributed('select a'));
    stage.answer(server.columns(1, 1), server.definition(2), ...rows(3, 'x'));
    const state = message(
      4,
      0xfe,
      0,
      0,
      uint(Status.inTransaction | 0x4000, 2),
      uint(0, 2),
      counted(''),
      counted('state'),
    );
    expect(stage.answer(state)).toBeNull();
    expect(stage.told()).toEqual(["simple 1 'select a'", "outcome 1.0 done rows 1 in 0 out 2 ''"]);
    expect(stage.session.inTransaction).toBe(true);
  });

  test('several statements have several outcomes, up to the first error', () => {
    const stage = withoutEof();
    stage.send(client.query('update t; select a; nope'));
    stage.answer(server.ok(1, 300, Status.more), server.columns(2, 1), server.definition(3), ...rows(4, 'x'));
    stage.answer(server.end(5, Status.more), server.error(6));
    expect(stage.told()).toEqual([
      "simple 1 'update t; select a; nope'",
      "outcome 1.0 done rows 300 in 0 out 0 more ''",
      "outcome 1.1 done rows 1 in 0 out 2 more ''",
      "outcome 1.2 error rows 0 in 0 out 0 '42000'",
    ]);
    expect(stage.session.idle).toBe(true);
  });

  test('an error among the rows, or among the definitions, is the outcome', () => {
    const stage = withEof();
    stage.send(client.query('select a'), client.query('select b'));
    stage.answer(
      server.columns(1, 1),
      server.definition(2),
      server.eof(3),
      ...rows(4, 'x'),
      server.error(5, 1317, '70100'),
    );
    stage.answer(server.columns(1, 2), server.definition(2), server.error(3, 3024, 'HY000'));
    expect(stage.told().slice(2)).toEqual([
      "outcome 1.0 error rows 1 in 0 out 2 '70100'",
      "outcome 2.0 error rows 0 in 0 out 0 'HY000'",
    ]);
  });

  test('an error without SQLSTATE has no code', () => {
    const stage = withEof();
    stage.send(client.query('x'));
    stage.answer(message(1, 0xff, uint(1040, 2), 'Too many connections'));
    expect(stage.told().at(-1)).toBe("outcome 1.0 error rows 0 in 0 out 0 ''");
  });

  test('a large count of columns is read, and a larger one refused', () => {
    const stage = withEof();
    stage.send(client.query('x'));
    const definitions = Array.from({ length: 300 }, (_, i) => server.definition(2 + i));
    expect(
      stage.answer(server.columns(1, 300), ...definitions, server.eof(302 & 255), server.eof(303 & 255)),
    ).toBeNull();
    expect(stage.told().at(-1)).toBe("outcome 1.0 done rows 0 in 0 out 0 ''");
    stage.send(client.query('x'));
    expect(stage.answer(server.columns(1, 70_000))).toMatchObject({ side: 'server' });
  });

  test.each([
    ['an answer to nothing', [server.ok(1)]],
    ['an empty packet', [message(1)]],
  ])('%s is refused', (_what, answers) => {
    expect(withEof().answer(...answers)).toMatchObject({ side: 'server', code: '08P01' });
  });

  test('the server may end the session of its own accord', () => {
    expect(withEof().answer(server.error(0, 1927, '70100'))).toBeNull();
  });

  test('MariaDB leaves definitions out that the client has, but not the EOF', () => {
    const stage = mariadb(MariadbCapability.cacheMetadata, BASE);
    stage.send(client.query('select a'), client.query('select a'));
    stage.answer(server.columnsCached(1, 1, true), server.definition(2), server.eof(3), ...rows(4, 'x'), server.eof(5));
    stage.answer(server.columnsCached(1, 1, false), server.eof(2), ...rows(3, 'x', 'y'), server.eof(5));
    expect(stage.told().slice(2)).toEqual([
      "outcome 1.0 done rows 1 in 0 out 2 ''",
      "outcome 2.0 done rows 2 in 0 out 4 ''",
    ]);
  });

  test('MariaDB reports progress with what looks like an error', () => {
    const stage = mariadb(MariadbCapability.progress);
    stage.send(client.query('alter table t'));
    stage.answer(server.progress(1), server.progress(2), server.ok(3));
    expect(stage.told()).toEqual(["simple 1 'alter table t'", "outcome 1.0 done rows 0 in 0 out 0 ''"]);
    const other = mariadb(0);
    other.send(client.query('alter table t'));
    other.answer(server.progress(1));
    expect(other.told().at(-1)).toMatch('outcome 1.0 error');
  });
});

describe('prepared statements', () => {
  const prepared = (stage: Stage, id: number, params: number) => {
    stage.send(client.prepare('select ?'));
    stage.answer(
      server.prepared(1, id, 0, params),
      ...Array.from({ length: params }, (_, i) => server.definition(2 + i)),
    );
    stage.told();
  };

  test('types are kept, and told when an execution relies on them', () => {
    const stage = withoutEof();
    prepared(stage, 9, 2);
    stage.send(client.execute(9, [long(1), string('a')]), client.execute(9, [long(2), string('b')]));
    stage.send(client.execute(9, [long(3), string('c')], { types: false }));
    stage.send(
      client.execute(9, [string('d'), string('e')]),
      client.execute(9, [string('f'), string('g')], { types: false }),
    );
    expect(stage.told().map((line) => line.replace(/ x17.*/, ''))).toEqual([
      'execute 2 statement 1',
      'execute 3 statement 1',
      'types 1 x0402000300fd00',
      'execute 4 statement 1',
      'execute 5 statement 1',
      'types 1 x040200fd00fd00',
      'execute 6 statement 1',
    ]);
  });

  test('with query attributes the types stand among names, and are kept for the statement’s own', () => {
    const stage = attributed();
    prepared(stage, 1, 1);
    const given = [long(1), string('v', 'trace')];
    stage.send(client.execute(1, given, { named: true }, 8));
    stage.send(client.execute(1, [long(2)], { named: true, types: false }, 8));
    expect(stage.told().map((line) => line.replace(/ x17.*/, ''))).toEqual([
      'execute 2 statement 1',
      'types 1 x0501000300',
      'execute 3 statement 1',
    ]);
  });

  test('a cursor is fetched from as long as its execution stands', () => {
    const stage = withoutEof();
    prepared(stage, 1, 0);
    stage.send(client.execute(1, [], {}, 1));
    stage.answer(server.columns(1, 1), server.definition(2), server.end(3, Status.cursor));
    stage.send(client.fetch(1, 2));
    stage.answer(server.binaryRow(1, 1), server.binaryRow(2, 2), server.end(3, Status.cursor));
    stage.send(client.fetch(1, 2));
    stage.answer(server.end(1, Status.lastRow));
    stage.send(client.reset(1), client.fetch(1, 2));
    expect(stage.told().map((line) => line.replace(/ x17.*/, ''))).toEqual([
      'execute 2 statement 1',
      "outcome 2.0 suspended rows 0 in 0 out 0 ''",
      'execute 3 statement 1 binding 2 rows 2',
      "outcome 3.0 suspended rows 2 in 0 out 12 ''",
      'execute 4 statement 1 binding 2 rows 2',
      "outcome 4.0 done rows 0 in 0 out 0 ''",
      'named 5 "1"',
      'execute 6 statement 1 binding 5 rows 2',
    ]);
  });

  test('a number that a pending preparation may bring is waited for', () => {
    const stage = withoutEof();
    const execute = client.execute(7);
    stage.send(client.prepare('do 1'), execute);
    expect(stage.told()).toEqual(['prepare 1 "" \'do 1\'']);
    expect(stage.session.unread).toBe(execute.length);
    expect(stage.session.crowded).toBe(true);
    stage.answer(server.prepared(1, 7, 0, 0));
    expect(stage.session.crowded).toBe(false);
    stage.send(execute);
    expect(stage.told()).toEqual(['execute 2 statement 1 x17070000000001000000']);
  });

  test('a reset of the connection forgets what was prepared before', () => {
    const stage = withoutEof();
    prepared(stage, 1, 0);
    stage.send(client.resetConnection());
    stage.answer(server.ok(1));
    stage.send(client.execute(1));
    expect(stage.told()).toEqual([
      'call 2 x1f',
      "outcome 2.0 done rows 0 in 0 out 0 ''",
      'named 3 "1"',
      'execute 4 statement 3 x17010000000001000000',
    ]);
  });

  test('-1 is no number of MySQL’s', () => {
    const stage = withoutEof();
    prepared(stage, 1, 0);
    stage.send(client.execute(0xffffffff));
    expect(stage.told()[0]).toBe('named 2 "4294967295"');
  });

  test('so many statements and no more', () => {
    const stage = withoutEof();
    for (let id = 1; id <= 16_384; id++) {
      expect(stage.send(client.prepare('do 1'))).toBeNull();
      expect(stage.answer(server.prepared(1, id, 0, 0))).toBeNull();
    }
    expect(stage.send(client.prepare('do 1'))).toMatchObject({ side: 'client', code: '54000' });
  });
});

describe('query attributes', () => {
  test('are told before their statement', () => {
    const stage = attributed();
    stage.send(client.attributed('select 1', string('abc', 'trace'), { type: 3, name: 'n', value: null }));
    const [first, second] = stage.told();
    expect(first).toMatch(/^bind 1 statement 0 x030201020?1/);
    expect(second).toBe("simple 2 'select 1'");
  });

  test('that are cut short end the session', () => {
    const stage = attributed();
    expect(stage.send(message(0, 0x03, 5, 1, 0, 1, uint(253, 2)))).toMatchObject({ code: '08P01' });
  });
});

describe('a packet of our own', () => {
  test('follows the number of what the client heard last', () => {
    const stage = withEof();
    expect(stage.session.sequence).toBe(0);
    stage.send(client.query('select a'));
    expect(stage.session.sequence).toBe(1);
    stage.answer(server.columns(1, 1), server.definition(2), server.eof(3), ...rows(4, 'x'));
    expect([stage.session.serverRemainder, stage.session.sequence]).toEqual([0, 5]);
    stage.answer(server.eof(5));
    expect(stage.session.sequence).toBe(0);
  });

  test('stands behind the packet in flight', () => {
    const stage = withEof();
    stage.send(client.query('select a'));
    stage.answer(server.columns(1, 1), server.definition(2), server.eof(3));
    const row = server.row(4, 'x'.repeat(100));
    for (let at = 1; at < row.length; at++) {
      const cut = new Stage();
      cut.send(client.query('select a'));
      cut.answer(server.columns(1, 1), server.definition(2), server.eof(3), row.subarray(0, at));
      const rest = Buffer.concat([row.subarray(at), server.row(5, 'next')]);
      expect(cut.session.serverRemainder).toBe(at < 4 ? 4 - at : row.length - at);
      expect([at, cut.session.toBoundary(rest), cut.session.sequence]).toEqual([at, row.length - at, 5]);
      expect(cut.session.toBoundary(row.subarray(at, -1))).toBe(-1);
    }
  });

  test('numbers wrap at 256', () => {
    const stage = withEof();
    stage.send(client.query('select a'));
    stage.answer(server.columns(1, 1), server.definition(2), server.eof(3));
    stage.answer(...Array.from({ length: 252 }, (_, i) => server.row((4 + i) & 255, 'x')));
    expect(stage.session.sequence).toBe(0);
  });
});

describe('the session', () => {
  test('knows its transaction from the server’s status', () => {
    expect(new Stage({ status: Status.inTransaction }).session.inTransaction).toBe(true);
    const stage = withEof();
    stage.send(client.query('begin'), client.query('select nope'), client.query('commit'));
    stage.answer(server.ok(1, 0, Status.inTransaction));
    expect(stage.session.inTransaction).toBe(true);
    stage.answer(server.error(1));
    expect(stage.session.inTransaction).toBe(true);
    stage.answer(server.ok(1));
    expect(stage.session.inTransaction).toBe(false);
  });

  test('is crowded when too much waits, and refuses what comes regardless', () => {
    const stage = withEof();
    const many = Buffer.concat(Array.from({ length: 16_385 }, () => client.ping()));
    expect(stage.session.fromClient(many)).toBeNull();
    expect(stage.session.crowded).toBe(true);
    let refused: Refusal | null = null;
    for (let i = 0; i < 16; i++) refused ??= stage.session.fromClient(many);
    expect(refused).toMatchObject({ code: '54000' });
  });

  test('ends with an outcome for everything', () => {
    const stage = withEof();
    stage.send(client.query('select 1; select 2'), client.ping(), client.query('select 3'), client.quit());
    stage.answer(server.ok(1, 0, Status.more));
    expect(stage.session.goodbye).toBe(true);
    stage.session.abandon();
    expect(stage.told().slice(2)).toEqual([
      "outcome 1.0 done rows 0 in 0 out 0 more ''",
      "outcome 1.1 lost rows 0 in 0 out 0 ''",
      "outcome 2.0 lost rows 0 in 0 out 0 ''",
    ]);
  });

  test.each([
    ['a command numbered other than 0', message(1, 0x03, 'select 1')],
    ['an execution cut short', message(0, 0x17, uint(1, 4))],
    ['a close cut short', message(0, 0x19, 1)],
    ['a fetch cut short', message(0, 0x1c, uint(1, 4))],
    ['a value sent ahead cut short', message(0, 0x18, uint(1, 4))],
    ['a kill cut short', message(0, 0x0c, 1)],
  ])('%s is refused, and refused it remains', (_what, bytes) => {
    const stage = withEof();
    const refused = stage.send(bytes);
    expect(refused).toMatchObject({ side: 'client', code: '08P01' });
    expect(stage.send(client.ping())).toBe(refused);
    expect(stage.answer(server.ok(1))).toBe(refused);
  });
});
