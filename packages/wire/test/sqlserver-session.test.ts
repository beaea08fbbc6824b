/** What a session tells the record, message by message: what recordings of two clients do not show. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { sqlserver } from '../src/index.ts';
import { call, client, HEADERS, hex, parameter, server, token, type, value } from './support/sqlserver-craft.ts';
import { shown } from './support/sqlserver-events.ts';
import { done, Play } from './support/sqlserver-play.ts';

const { DoneStatus, PacketType, TdsVersion } = sqlserver;

const values = (...bytes: readonly Buffer[]): string => {
  const all = Buffer.concat(bytes);
  return shown(all, 0, all.length);
};

const ranProcedure = server.response([token.status(), token.doneProc()]);

describe('the examples of MS-TDS', () => {
  test('4.6: a batch and its response', () => {
    const play = new Play(TdsVersion.v72);
    const batch = hex(`
      01 01 00 5C 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 0A 00 73 00 65 00 6C 00
      65 00 63 00 74 00 20 00 27 00 66 00 6F 00 6F 00 27 00 20 00 61 00 73 00 20 00 27 00 62 00 61 00 72 00 27 00 0A 00
      20 00 20 00 20 00 20 00 20 00 20 00 20 00 20 00`);
    expect(play.client(batch)).toEqual(["simple 1 '\\nselect 'foo' as 'bar'\\n        '"]);
    const response = hex(`
      04 01 00 33 00 00 01 00 81 01 00 00 00 00 00 20 00 A7 03 00 09 04 D0 00 34 03 62 00 61 00 72 00 D1 03 00 66 6F 6F
      FD 10 00 C1 00 01 00 00 00 00 00 00 00`);
    expect(play.server(response)).toEqual(["outcome 1.0 done rows 1 in 0 out 6 'SELECT'"]);
    expect(play.session.idle).toBe(true);
  });

  test('4.8: a procedure call and its response', () => {
    const play = new Play(TdsVersion.v72);
    const rpc = hex(`
      03 01 00 2F 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 04 00 66 00 6F 00 6F 00
      33 00 00 00 00 02 26 02 00`);
    expect(play.client(rpc)).toEqual(['call 1 x040066006f006f00330000000002260200']);
    const response = hex(`
      04 01 00 27 00 00 01 00 FF 11 00 C1 00 01 00 00 00 00 00 00 00 79 00 00 00 00 FE 00 00 E0 00 00 00 00 00 00 00 00
      00`);
    expect(play.server(response)).toEqual(["outcome 1.0 done rows 1 in 0 out 0 more 'SELECT'", 'finished 1']);
  });
});

describe('statements with parameters', () => {
  const int = parameter.int(7, { name: '@p' });

  test('sp_executesql is a preparation and an execution, by number or by any of its names', () => {
    for (const procedure of [10, 'sp_executesql', 'SP_ExecuteSQL', 'sys.sp_executesql', '[master]..[sp_executesql]']) {
      const play = new Play();
      const rpc = client.rpc([call(procedure, parameter.nvarchar('select @p'), parameter.nvarchar('@p int'), int)]);
      expect(play.client(rpc)).toEqual([
        'prepare 1 "" \'select @p\'',
        "types 1 '@p int'",
        `execute 2 statement 1 ${values(int)}`,
      ]);
    }
  });

  test.each([
    ['nvarchar(max)', parameter.nvarcharMax('select 1', { part: 3 })],
    ['nvarchar(max) of known length', parameter.nvarcharMax('select 1', { part: 3, unknown: false })],
    ['ntext', parameter.ntext('select 1')],
    ['nvarchar', parameter.nvarchar('select 1')],
  ])('their text may be %s', (_type, text) => {
    const play = new Play();
    expect(play.client(client.rpc([call(10, text)]))).toEqual([
      'prepare 1 "" \'select 1\'',
      "execute 2 statement 1 ''",
    ]);
  });

  test.each([
    ['is not Unicode', [parameter.varchar('select 1')]],
    ['is NULL', [parameter.nvarchar(null)]],
    ['is missing', []],
  ])('a call whose text %s is recorded as it stands', (_what, parameters) => {
    const play = new Play();
    const bytes = call(10, ...parameters);
    expect(play.client(client.rpc([bytes]))).toEqual([`call 1 ${shown(bytes, 0, bytes.length)}`]);
  });

  test('a handle leads to the text that was prepared under it, until it is let go', () => {
    const play = new Play();
    const prepare = [parameter.int(null, { out: true }), parameter.nvarchar('@p int'), parameter.nvarchar('select @p')];
    expect(play.client(client.rpc([call(11, ...prepare, parameter.int(1))]))).toEqual([
      'prepare 1 "p1" \'select @p\'',
      "types 1 '@p int'",
    ]);
    expect(play.server(server.response([token.returnInt(3), token.doneProc()]))).toEqual([]);
    expect(play.client(client.rpc([call(12, parameter.int(3), int)]))).toEqual([
      `execute 2 statement 1 ${values(int)}`,
    ]);
    play.server(ranProcedure);
    expect(play.client(client.rpc([call(15, parameter.int(3))]))).toEqual([]);
    play.server(ranProcedure);
    expect(play.client(client.rpc([call(12, parameter.int(3))]))).toEqual([
      'named 3 "handle 3"',
      "execute 4 statement 3 ''",
    ]);
    play.server(server.response([token.error(8179), token.doneProc(DoneStatus.error)]));
    // Its name is used again.
    expect(play.client(client.rpc([call(13, ...prepare, int)]))[0]).toBe('prepare 5 "p1" \'select @p\'');
  });

  test('sp_prepexec lets go of the handle it is given', () => {
    const play = new Play();
    const prepexec = (handle: number | null) =>
      call(13, parameter.int(handle, { out: true }), parameter.nvarchar(''), parameter.nvarchar('select 1'));
    play.client(client.rpc([prepexec(null)]));
    play.server(server.response([token.doneInProc(1), token.returnInt(1), token.doneProc()]));
    play.client(client.rpc([prepexec(1)]));
    play.server(server.response([token.doneInProc(1), token.returnInt(2), token.doneProc()]));
    expect(play.client(client.rpc([call(12, parameter.int(2))]))).toEqual(["execute 5 statement 3 ''"]);
    expect(play.client(client.rpc([call(12, parameter.int(1))]))[0]).toBe('named 6 "handle 1"');
  });

  test('a preparation that fails has an outcome, and no handle', () => {
    const play = new Play();
    play.client(
      client.rpc([call(11, parameter.int(null, { out: true }), parameter.nvarchar(''), parameter.nvarchar('x'))]),
    );
    expect(play.server(server.response([token.error(2812), token.doneProc(DoneStatus.error)]))).toEqual([
      "outcome 1.0 error rows 0 in 0 out 0 '2812'",
    ]);
    expect(play.session.idle).toBe(true);
  });

  test('a reset of the connection forgets all handles', () => {
    const play = new Play();
    play.client(client.rpc([call(11, parameter.int(null), parameter.nvarchar(''), parameter.nvarchar('x'))]));
    play.server(server.response([token.returnInt(1), token.doneProc()]));
    const resetting = client.rpc([call(12, parameter.int(1))], { status: 8 });
    expect(play.client(resetting)[0]).toBe('named 2 "handle 1"');
  });

  test('cursors are opened with a text, and read as calls', () => {
    const play = new Play();
    const open = call(2, parameter.int(null, { out: true }), parameter.nvarchar('select 1'), parameter.int(1));
    expect(play.client(client.rpc([open]))).toEqual([
      'prepare 1 "" \'select 1\'',
      `execute 2 statement 1 ${values(parameter.int(1))}`,
    ]);
    play.server(server.response([token.columns(type.intN), token.returnInt(180), token.doneProc()]));
    const fetch = call(7, parameter.int(180), parameter.int(2), parameter.int(0), parameter.int(10));
    expect(play.client(client.rpc([fetch]))).toEqual([`call 3 ${shown(fetch, 0, fetch.length)}`]);
    // Its rows come without a description: the client has had it.
    const rows = [token.noColumns(), token.row(value.intN(1)), token.row(value.intN(null)), token.doneInProc(2)];
    expect(play.server(server.response([...rows, token.status(), token.doneProc()]))).toEqual([
      "outcome 3.0 done rows 2 in 0 out 8 more 'SELECT'",
      'finished 3',
    ]);
    play.client(client.rpc([call(9, parameter.int(180))]));
    play.server(ranProcedure);
    play.client(client.rpc([fetch]));
    const refused = play.session.fromServer(server.response([token.noColumns(), token.row(value.intN(1))]));
    expect(refused).toMatchObject({ side: 'server' });
  });

  test('a cursor that was prepared has two handles', () => {
    const play = new Play();
    const open = call(
      5,
      parameter.int(null, { out: true }),
      parameter.int(null, { out: true }),
      parameter.nvarchar('@p int'),
      parameter.nvarchar('select @p'),
      parameter.int(1),
    );
    expect(play.client(client.rpc([open]))).toHaveLength(3);
    play.server(
      server.response([token.columns(type.intN), token.returnInt(1), token.returnInt(180), token.doneProc()]),
    );
    expect(play.client(client.rpc([call(4, parameter.int(1), parameter.int(null, { out: true }))]))[0]).toBe(
      `execute 3 statement 1 ${values(parameter.int(null, { out: true }))}`,
    );
    play.server(server.response([token.columns(type.intN), token.returnInt(181), token.doneProc()]));
    play.client(client.rpc([call(7, parameter.int(181))]));
    expect(play.server(server.response([token.noColumns(), token.row(value.intN(1)), token.doneProc()]))).toEqual([
      "outcome 4.0 done rows 1 in 0 out 6 ''",
    ]);
  });
});

describe('several calls in one message', () => {
  const calls = [call('a', parameter.int(1)), call('b'), call('c')];

  test('have outcomes of their own', () => {
    const play = new Play();
    expect(play.client(client.rpc(calls))).toHaveLength(3);
    const more = DoneStatus.more | DoneStatus.rpcInBatch;
    const response = [
      token.doneInProc(2),
      token.doneProc(more),
      token.error(547),
      token.doneProc(more | DoneStatus.error),
      token.doneProc(),
    ];
    expect(play.server(server.response(response))).toEqual([
      "outcome 1.0 done rows 2 in 0 out 0 more 'SELECT'",
      'finished 1',
      "outcome 2.0 error rows 0 in 0 out 0 '547'",
      "outcome 3.0 done rows 0 in 0 out 0 ''",
    ]);
  });

  test('are skipped behind one that ends the message', () => {
    const play = new Play();
    play.client(client.rpc(calls));
    expect(play.server(server.response([token.error(1), token.done(DoneStatus.error)]))).toEqual([
      "outcome 1.0 error rows 0 in 0 out 0 '1'",
      "outcome 2.0 skipped rows 0 in 0 out 0 ''",
      "outcome 3.0 skipped rows 0 in 0 out 0 ''",
    ]);
  });

  test('are each told before the chunk that ends it goes', () => {
    const play = new Play();
    const message = client.rpc(calls);
    const separator = message.indexOf(0xff, 8 + HEADERS.length + 1);
    expect(play.client(message.subarray(0, separator))).toEqual([]);
    expect(play.client(message.subarray(separator, separator + 1))).toHaveLength(1);
    expect(play.client(message.subarray(separator + 1))).toHaveLength(2);
  });

  test('a separator may stand behind the last', () => {
    const body = Buffer.concat([HEADERS, call('a'), Buffer.of(0xff)]);
    expect(new Play().client(client.raw(PacketType.rpc, body))).toHaveLength(1);
    const none = client.raw(PacketType.rpc, HEADERS);
    expect(new Play().session.fromClient(none)).toMatchObject({ side: 'client' });
  });
});

describe('TDS 7.1', () => {
  test('has no headers, another separator, and shorter numbers', () => {
    const play = new Play(TdsVersion.v71);
    expect(play.client(client.batch('select 1', { old: true }))).toEqual(["simple 1 'select 1'"]);
    expect(play.server(server.response([token.done(DoneStatus.count, { rows: 3, old: true })]))).toEqual([
      "outcome 1.0 done rows 3 in 0 out 0 'SELECT'",
    ]);
    expect(play.client(client.rpc([call('a'), call('b')], { old: true }))).toHaveLength(2);
  });

  test('tells transactions with each response', () => {
    const play = new Play(TdsVersion.v71);
    play.client(client.batch('begin tran', { old: true }));
    play.server(server.response([token.done(DoneStatus.inTransaction, { old: true })]));
    expect(play.session.inTransaction).toBe(true);
    play.client(client.batch('commit', { old: true }));
    play.server(server.response([token.done(0, { old: true })]));
    expect(play.session.inTransaction).toBe(false);
  });
});

describe('transactions', () => {
  test('are told by the server', () => {
    const play = new Play();
    expect(play.client(client.transaction(hex('05 00 02 00')))).toEqual(['call 1 xffff0eff05000200']);
    play.server(server.response([token.transaction(sqlserver.EnvChange.beginTransaction), token.done(0)]));
    expect(play.session.inTransaction).toBe(true);
    play.client(client.batch('rollback'));
    play.server(server.response([token.transaction(sqlserver.EnvChange.rollbackTransaction), token.done(0)]));
    expect(play.session.inTransaction).toBe(false);
  });

  test('end with a reset of the connection, unless it spares them', () => {
    for (const [status, still] of [
      [8, false],
      [16, true],
    ] as const) {
      const play = new Play();
      play.client(client.batch('begin tran'));
      play.server(server.response([token.transaction(sqlserver.EnvChange.beginTransaction), token.done(0)]));
      play.client(client.batch('select 1', { status }));
      play.server(server.response([token.transaction(sqlserver.EnvChange.resetAck), token.done(0)]));
      expect(play.session.inTransaction).toBe(still);
    }
  });
});

describe('attention', () => {
  test('stops what runs', () => {
    const play = new Play();
    play.client(client.batch('waitfor'));
    expect(play.client(client.attention())).toEqual(['cancelled']);
    expect(play.session.idle).toBe(false);
    const partly = [token.columns(type.int), token.row(value.int(1)), token.done(DoneStatus.attention)];
    expect(play.server(server.response(partly))).toEqual(["outcome 1.0 error rows 1 in 0 out 5 '3617'"]);
    expect(play.session.idle).toBe(true);
  });

  test('may come too late, and is acknowledged all the same', () => {
    const play = new Play();
    play.client(client.batch('select 1'), client.attention());
    expect(play.server(done)).toEqual(["outcome 1.0 done rows 0 in 0 out 0 'SELECT'"]);
    expect(play.session.idle).toBe(false);
    expect(play.server(server.response([token.done(DoneStatus.attention)]))).toEqual([]);
    expect(play.session.idle).toBe(true);
  });

  test('skips the calls that had not begun', () => {
    const play = new Play();
    play.client(client.rpc([call('a'), call('b')]), client.attention());
    expect(play.server(server.response([token.done(DoneStatus.attention)]))).toEqual([
      "outcome 1.0 error rows 0 in 0 out 0 '3617'",
      "outcome 2.0 skipped rows 0 in 0 out 0 ''",
    ]);
  });

  test('a message given up by its sender was never run', () => {
    const play = new Play();
    const whole = client.batch('x'.repeat(100_000));
    const cut = Buffer.from(whole);
    // The last packet says so.
    const last = whole.length - ((whole.length - 1) % 4096) - 1;
    cut[last + 1] = 3;
    expect(play.client(cut).at(-1)).toMatch(/^outcome 1.0 skipped/);
    expect(play.server(server.response([token.done(DoneStatus.error)]))).toEqual([]);
    expect(play.session.idle).toBe(true);
    expect(play.client(client.batch('short', { status: 2 }))).toEqual([]);
  });
});

describe('bulk data', () => {
  test('belong to the statement that asked for them', () => {
    const play = new Play();
    play.client(client.batch('insert bulk t (a int)'));
    play.server(done);
    const data = Buffer.alloc(10_000);
    expect(play.client(client.bulk(data))).toEqual([]);
    expect(play.server(server.response([token.done(DoneStatus.count, { rows: 9, command: 0xf0 })]))).toEqual([
      "outcome 1.1 done rows 9 in 10000 out 0 'BULK INSERT'",
    ]);
  });

  test('without a statement are refused', () => {
    expect(new Play().session.fromClient(client.bulk(Buffer.alloc(1)))).toMatchObject({ code: '08P01' });
  });
});

describe('outcomes', () => {
  test('of a loop are summed up in the end', () => {
    const play = new Play();
    play.client(client.batch('while 1 = 1'));
    const one = token.done(DoneStatus.more | DoneStatus.count, { rows: 2, command: 0xc3 });
    play.server(
      server.response([...Array.from({ length: 5000 }, () => one), token.done(DoneStatus.count, { rows: 2 })]),
    );
    const told = play.events.lines.slice(1);
    expect(told).toHaveLength(1000);
    expect(told.at(-1)).toBe("outcome 1.999 done rows 8004 in 0 out 0 ''");
  });

  test('of what was never answered are unknown', () => {
    const play = new Play();
    play.client(client.batch('a'), client.rpc([call('b'), call('c')]));
    play.server(server.response([token.done(DoneStatus.more)]).fill(0, 1, 2));
    play.session.abandon();
    expect(play.events.lines.slice(-4)).toEqual([
      "outcome 1.0 done rows 0 in 0 out 0 more 'SELECT'",
      "outcome 1.1 lost rows 0 in 0 out 0 ''",
      "outcome 2.0 lost rows 0 in 0 out 0 ''",
      "outcome 3.0 lost rows 0 in 0 out 0 ''",
    ]);
  });

  test('of a message that was answered before its end: it was never run', () => {
    const play = new Play();
    const batch = client.batch('x'.repeat(100_000));
    play.client(batch.subarray(0, 150_000));
    expect(play.server(server.response([token.error(701), token.done(DoneStatus.error)]))).toEqual([]);
    expect(play.session.idle).toBe(false);
    expect(play.client(batch.subarray(150_000)).at(-1)).toBe("outcome 1.0 skipped rows 0 in 0 out 0 ''");
    expect(play.session.idle).toBe(true);
    play.client(client.batch('y'));
    expect(play.server(done)).toEqual(["outcome 2.0 done rows 0 in 0 out 0 'SELECT'"]);
  });

  test('a client that asks on and on without reading is to wait, and then refused', () => {
    const play = new Play();
    const many = client.rpc(Array.from({ length: 500 }, () => call('a')));
    let refused = null;
    let crowded = 0;
    for (let i = 0; i < 1000 && refused === null; i++) {
      refused = play.session.fromClient(many);
      if (play.session.crowded) crowded += 1;
    }
    expect(refused).toMatchObject({ side: 'client', code: '54000' });
    expect(crowded).toBeGreaterThan(100);
  });
});
