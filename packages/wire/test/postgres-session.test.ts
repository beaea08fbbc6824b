/** What recorded sessions don't show: the corners of the session's state, message by message. */
import { Buffer } from 'node:buffer';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Refusal } from '../src/index.ts';
import { client, craft, server, text } from './support/craft.ts';
import { Stage } from './support/postgres-stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
const send = (...messages: readonly Uint8Array[]) => stage.send(...messages);
const answer = (...messages: readonly Uint8Array[]) => stage.answer(...messages);
const told = () => stage.told();

/** A statement that is prepared and stands, as number 1. */
function prepared(name = 's'): void {
  send(client.parse(name, 'select $1'), client.sync());
  answer(server.parseComplete(), server.ready());
  told();
}

describe('binding and executing', () => {
  test('in one chunk are one record', () => {
    prepared();
    expect(send(client.bind('', 's', ['x']), client.describePortal(), client.execute('', 5), client.sync())).toBeNull();
    expect(told()).toEqual(['execute 2 statement 1 rows 5 x0000000100000001780000']);
  });

  test('in two chunks are two, the values told before their chunk goes', () => {
    prepared();
    send(client.bind('', 's', ['x']));
    expect(told()).toEqual(['bind 2 statement 1 x0000000100000001780000']);
    send(client.execute(), client.sync());
    expect(told()).toEqual(['execute 3 statement 1 binding 2']);
  });

  test('with another request between are told in the order of the wire', () => {
    prepared();
    send(client.bind('p', 's', ['x']), client.parse('t', 'select 2'), client.execute('p'));
    expect(told()).toEqual([
      'bind 2 statement 1 x0000000100000001780000',
      'prepare 3 "t" \'select 2\'',
      'execute 4 statement 1 binding 2',
    ]);
  });

  test('when a second execution follows, only the first brings the values', () => {
    prepared();
    send(client.bind('', 's', ['x']), client.execute('', 1), client.execute('', 1), client.sync());
    expect(told()).toEqual([
      'execute 2 statement 1 rows 1 x0000000100000001780000',
      'execute 3 statement 1 binding 2 rows 1',
    ]);
    answer(server.bindComplete(), server.dataRow('x'), server.suspended(), server.complete('SELECT 0'), server.ready());
    expect(told()).toEqual([
      "outcome 2.0 suspended rows 1 in 0 out 7 ''",
      "outcome 3.0 done rows 0 in 0 out 0 'SELECT 0'",
    ]);
  });

  test('a failing binding is its execution’s error, told once', () => {
    prepared();
    send(client.bind('', 's', ['x', 'y']), client.execute(), client.sync());
    told();
    expect(answer(server.error('08P01'), server.ready())).toBeNull();
    expect(told()).toEqual(["outcome 2.0 error rows 0 in 0 out 0 '08P01'"]);
  });

  test('a failing binding without execution has its own outcome', () => {
    prepared();
    send(client.bind('', 's', ['x', 'y']), client.sync());
    told();
    answer(server.error('08P01'), server.ready());
    expect(told()).toEqual(["outcome 2.0 error rows 0 in 0 out 0 '08P01'"]);
  });

  test('negative row limits mean all rows, as in the server', () => {
    prepared();
    send(client.bind('', 's', []), client.execute('', -1));
    expect(told()).toEqual(['execute 2 statement 1 x000000000000']);
  });
});

describe('names', () => {
  test('a name that was never prepared here is told as such', () => {
    send(client.bind('', 'sqlmade', []), client.execute(), client.execute('cursor'));
    expect(told()).toEqual([
      'named 1 "sqlmade"',
      'execute 2 statement 1 x000000000000',
      'named 3 "cursor"',
      'execute 4 statement 0 binding 3',
    ]);
  });

  test('while a preparation is unanswered, a later section may run the older statement', () => {
    prepared();
    send(client.parse('s', 'select 2'), client.sync(), client.bind('', 's', []), client.execute(), client.sync());
    expect(told()).toEqual(['prepare 2 "s" \'select 2\'', 'alternative 3 or 1', 'execute 3 statement 2 x000000000000']);
    answer(server.error('42P05'), server.ready());
    told();
    send(client.bind('', 's', []), client.execute());
    expect(told()).toEqual(['execute 4 statement 1 x000000000000']);
  });

  test('within the section that prepares it there is no doubt: if it fails, the rest is skipped', () => {
    prepared();
    send(client.parse('s', 'select 2'), client.bind('', 's', []), client.execute(), client.sync());
    expect(told()).toEqual(['prepare 2 "s" \'select 2\'', 'execute 3 statement 2 x000000000000']);
    answer(server.error('42P05'), server.ready());
    expect(told()).toEqual(["outcome 2.0 error rows 0 in 0 out 0 '42P05'", "outcome 3.0 skipped rows 0 in 0 out 0 ''"]);
  });

  test('after a Close that may yet be skipped, the older statement is an alternative', () => {
    prepared();
    send(
      client.parse('t', 'bad'),
      client.closeStatement('s'),
      client.sync(),
      client.bind('', 's', []),
      client.execute(),
    );
    expect(told()).toEqual([
      'prepare 2 "t" \'bad\'',
      'named 3 "s"',
      'alternative 4 or 1',
      'execute 4 statement 3 x000000000000',
    ]);
    answer(server.error('42601'), server.ready());
    send(client.bind('', 's', []));
    expect(told().at(-1)).toBe('bind 5 statement 1 x000000000000');
  });

  test('a portal that may yet be refused leaves the older one', () => {
    prepared();
    send(client.bind('p', 's', ['1']), client.sync(), client.bind('p', 's', ['2']), client.sync(), client.execute('p'));
    expect(told().slice(2)).toEqual(['alternative 4 or 2', 'execute 4 statement 1 binding 3']);
  });

  test('too many older meanings are refused', () => {
    for (let i = 0; i < 20; i++) send(client.parse('', `select ${i}`), client.sync());
    expect(send(client.bind('', '', []), client.execute())).toMatchObject({ side: 'client', code: '0A000' });
  });

  test('are one where PostgreSQL cuts them: after 63 bytes', () => {
    const long = 'n'.repeat(63);
    send(client.parse(`${long}a`, 'select 1'), client.bind('', `${long}b`, []), client.execute());
    expect(told().at(-1)).toBe('execute 2 statement 1 x000000000000');
  });

  test('that are not ASCII are refused: they would mean something else in another client encoding', () => {
    expect(send(client.parse('é', 'select 1'))).toMatchObject({ side: 'client', code: '42602' });
  });

  test('have a limit, and taking a name again doesn’t count', () => {
    const names = Array.from({ length: 16_384 }, (_, i) => `n${i}`);
    const parse = (name: string) => [client.parse(name, 'x'), client.sync()];
    for (const name of names) expect(send(...parse(name))).toBeNull();
    answer(...names.flatMap(() => [server.parseComplete(), server.ready()]));
    expect(send(...parse('n0'), ...parse(''))).toBeNull();
    expect(send(...parse('one more'))).toMatchObject({ code: '54000' });
  });

  test('are all forgotten when DEALLOCATE ALL or DISCARD ALL is done', () => {
    prepared();
    send(client.query('deallocate all'), client.parse('t', 'select 2'), client.sync());
    answer(server.complete('DEALLOCATE ALL'), server.ready(), server.parseComplete(), server.ready());
    told();
    send(client.bind('', 's', []), client.execute(), client.bind('', 't', []), client.execute());
    expect(told()).toEqual([
      'named 4 "s"',
      'execute 5 statement 4 x000000000000',
      'execute 6 statement 3 x000000000000',
    ]);
  });

  test('of portals end with their transaction', () => {
    prepared();
    send(client.bind('p', 's', ['1']), client.sync());
    answer(server.bindComplete(), server.ready('T'));
    send(client.execute('p'), client.sync());
    answer(server.complete('SELECT 1'), server.ready('I'));
    told();
    send(client.execute('p'));
    expect(told()[0]).toBe('named 4 "p"');
  });
});

describe('types of parameters', () => {
  test('declared in Parse and told by the server, once', () => {
    send(client.parse('s', 'select $1, $2', [23, 0]), client.describeStatement('s'), client.describeStatement('s'));
    expect(told()).toEqual(['prepare 1 "s" \'select $1, $2\'', 'types 1 [23,0]']);
    const description = server.parameterDescription([23, 25]);
    answer(server.parseComplete(), description, server.rowDescription(), description, server.noData());
    expect(told()).toEqual(['types 1 [23,25]']);
  });

  test('are not told when none is known, or all were declared', () => {
    send(client.parse('s', 'select $1', [0]), client.describeStatement('s'), client.parse('t', 'select $1', [23]));
    send(client.describeStatement('t'));
    expect(told()).toEqual(['prepare 1 "s" \'select $1\'', 'prepare 2 "t" \'select $1\'', 'types 2 [23]']);
    answer(server.parseComplete(), server.parameterDescription([25]), server.rowDescription());
    answer(server.parseComplete(), server.parameterDescription([23]), server.rowDescription());
    expect(told()).toEqual(['types 1 [25]']);
  });
});

describe('an error in a pipeline', () => {
  test('skips to the next Sync, text statements and calls too', () => {
    send(
      client.parse('', 'bad'),
      client.query('select 1'),
      client.functionCall(1, []),
      client.sync(),
      client.query('x'),
    );
    told();
    answer(server.error('42601'), server.ready(), server.complete('SELECT 1'), server.ready());
    expect(told()).toEqual([
      "outcome 1.0 error rows 0 in 0 out 0 '42601'",
      "outcome 2.0 skipped rows 0 in 0 out 0 ''",
      "outcome 3.0 skipped rows 0 in 0 out 0 ''",
      "outcome 4.0 done rows 1 in 0 out 0 more 'SELECT 1'",
      'finished 4',
    ]);
  });

  test('skips what comes later too, until the Sync is sent', () => {
    send(client.parse('', 'bad'), client.flush());
    answer(server.error('42601'));
    told();
    send(client.parse('t', 'select 1'), client.bind('', 't', []), client.execute());
    expect(told()).toEqual(['prepare 2 "t" \'select 1\'', 'execute 3 statement 2 x000000000000']);
    send(client.sync(), client.bind('', 't', []));
    expect(told()).toEqual([
      "outcome 2.0 skipped rows 0 in 0 out 0 ''",
      "outcome 3.0 skipped rows 0 in 0 out 0 ''",
      'named 4 "t"',
      'bind 5 statement 4 x000000000000',
    ]);
    expect(answer(server.ready())).toBeNull();
  });

  test('doesn’t grow what waits, however much is sent without a Sync', () => {
    send(client.parse('', 'bad'), client.flush());
    answer(server.error('42601'));
    for (let i = 0; i < 30; i++) {
      expect(send(...Array.from({ length: 1000 }, () => client.execute()))).toBeNull();
      told();
    }
    expect(stage.session.crowded).toBe(false);
  });

  test('in a text statement skips nothing that follows', () => {
    send(client.query('bad'), client.query('select 1'));
    told();
    answer(server.error('42601'), server.ready(), server.complete('SELECT 1'), server.ready());
    expect(told().at(-2)).toBe("outcome 2.0 done rows 1 in 0 out 0 more 'SELECT 1'");
  });

  test('without SQLSTATE has an empty code', () => {
    send(client.query('bad'));
    told();
    answer(craft('E', text('SERROR'), text('Mno'), Buffer.of(0)), server.ready());
    expect(told()[0]).toBe("outcome 1.0 error rows 0 in 0 out 0 more ''");
  });

  test('of the commit at Sync is told of the last execution', () => {
    prepared();
    send(client.bind('', 's', []), client.execute(), client.sync());
    told();
    answer(server.bindComplete(), server.complete('INSERT 0 1'), server.error('23505'), server.ready());
    expect(told()).toEqual([
      "outcome 2.0 done rows 1 in 0 out 0 'INSERT 0 1'",
      "outcome 2.1 error rows 0 in 0 out 0 '23505'",
    ]);
  });

  test('that ends an idle session fits no request and passes', () => {
    expect(answer(server.error('57P01', 'FATAL'))).toBeNull();
    expect(told()).toEqual([]);
  });
});

describe('COPY', () => {
  test('in counts what was sent; Syncs within are ignored by the server', () => {
    send(client.parse('', 'copy t from stdin'), client.bind('', '', []), client.execute(), client.sync());
    answer(server.parseComplete(), server.bindComplete(), server.copyIn());
    send(client.copyData('12345'), client.sync(), client.copyData('678'), client.copyDone(), client.sync());
    told();
    expect(answer(server.complete('COPY 2'), server.ready())).toBeNull();
    expect(told()).toEqual(["outcome 2.0 done rows 2 in 8 out 0 'COPY 2'"]);
    expect(stage.session.idle).toBe(true);
  });

  test.each([1, 2])(
    'in that fails with a Sync too many answers %i of two, and the next request is told right',
    (answered) => {
      send(client.parse('', 'copy t from stdin'), client.bind('', '', []), client.execute(), client.sync());
      answer(server.parseComplete(), server.bindComplete(), server.copyIn());
      send(client.copyData('bad'), client.copyDone(), client.sync());
      told();
      expect(answer(server.error('22P02'), ...Array.from({ length: answered }, () => server.ready()))).toBeNull();
      expect(told()).toEqual(["outcome 2.0 error rows 0 in 3 out 0 '22P02'"]);
      expect(stage.session.idle).toBe(true);
      send(client.query('select 1'));
      expect(answer(server.complete('SELECT 1'), server.ready())).toBeNull();
      expect(told().slice(1)).toEqual(["outcome 3.0 done rows 1 in 0 out 0 more 'SELECT 1'", 'finished 3']);
      send(client.parse('', 'bad'), client.sync());
      expect(answer(server.error('42601'), server.ready())).toBeNull();
      expect(stage.session.idle).toBe(true);
    },
  );

  test('out counts what came', () => {
    send(client.query('copy t to stdout'));
    told();
    answer(
      server.copyOut(),
      server.copyData('1\n'),
      server.copyData('2\n'),
      server.copyDone(),
      server.complete('COPY 2'),
    );
    expect(told()).toEqual(["outcome 1.0 done rows 2 in 0 out 4 more 'COPY 2'"]);
  });

  test('messages outside of a COPY are ignored, as by the server', () => {
    expect(send(client.copyData('x'), client.copyDone(), client.copyFail('y'), client.query('select 1'))).toBeNull();
    send(client.copyDone(), client.copyDone());
    expect(answer(server.complete('SELECT 1'), server.ready())).toBeNull();
    expect(stage.session.idle).toBe(true);
  });

  test('both, which is replication, is refused', () => {
    send(client.query('start_replication'));
    expect(answer(craft('W', Buffer.of(0, 0, 0)))).toMatchObject({ side: 'server', code: '08P01' });
  });
});

describe('the state that the relay asks for', () => {
  test('idle, in a transaction, goodbye', () => {
    expect([stage.session.idle, stage.session.inTransaction, stage.session.goodbye]).toEqual([true, false, false]);
    send(client.query('begin'));
    expect(stage.session.idle).toBe(false);
    answer(server.complete('BEGIN'), server.ready('T'));
    expect([stage.session.idle, stage.session.inTransaction]).toEqual([true, true]);
    send(client.query('bad'));
    answer(server.error('42601'), server.ready('E'));
    expect(stage.session.inTransaction).toBe(true);
    send(client.query('rollback'));
    answer(server.complete('ROLLBACK'), server.ready('I'));
    expect(stage.session.inTransaction).toBe(false);
    send(client.query('select 1').subarray(0, 7));
    expect(stage.session.idle).toBe(false);
    send(client.query('select 1').subarray(7), client.terminate());
    expect(stage.session.goodbye).toBe(true);
  });

  test('what follows a goodbye is recorded all the same', () => {
    send(client.terminate(), client.query('drop table t'));
    expect(told()).toEqual(["simple 1 'drop table t'"]);
  });

  test('asynchronous messages come at any time', () => {
    expect(answer(server.notice(), server.notification(), server.parameterStatus())).toBeNull();
    send(client.query('select 1'));
    expect(answer(server.rowDescription(), server.notice(), server.dataRow('x'), server.notification())).toBeNull();
    expect(answer(server.complete('SELECT 1'), server.parameterStatus(), server.ready())).toBeNull();
  });

  test('crowded while much is unanswered; refused when it grows on', () => {
    const empty = client.query('');
    const batch = Buffer.concat(Array.from({ length: 10_000 }, () => empty));
    expect(stage.session.fromClient(batch)).toBeNull();
    expect(stage.session.crowded).toBe(false);
    expect(stage.session.fromClient(batch)).toBeNull();
    expect(stage.session.crowded).toBe(true);
    answer(...Array.from({ length: 10_000 }, () => [server.empty(), server.ready()]).flat());
    expect(stage.session.crowded).toBe(false);
    let refused: Refusal | null = null;
    for (let i = 0; i < 30 && refused === null; i++) refused = stage.session.fromClient(batch);
    expect(refused).toMatchObject({ code: '54000' });
  });

  test('abandoned, whatever has no outcome is told as lost', () => {
    prepared();
    send(
      client.bind('', 's', []),
      client.execute(),
      client.bind('p', 's', []),
      client.sync(),
      client.query('select 1'),
    );
    told();
    stage.session.abandon();
    expect(told()).toEqual([2, 3, 4].map((number) => `outcome ${number}.0 lost rows 0 in 0 out 0 ''`));
    stage.session.abandon();
    expect(told()).toEqual([]);
  });
});

describe('a text statement that is cut off', () => {
  test('after its error has no more outcomes', () => {
    send(client.query('select pg_sleep(9)'));
    answer(server.error('57P01', 'FATAL'));
    told();
    stage.session.abandon();
    expect(told()).toEqual(['finished 1']);
  });

  test('between its statements: of the rest nobody knows', () => {
    send(client.query('select 1; select pg_sleep(9)'), client.functionCall(1, []));
    answer(server.complete('SELECT 1'));
    told();
    stage.session.abandon();
    expect(told()).toEqual(["outcome 1.1 lost rows 0 in 0 out 0 ''", "outcome 2.0 lost rows 0 in 0 out 0 ''"]);
  });
});
