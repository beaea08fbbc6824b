/** Commands that the gateway answers itself, and what else it keeps aside: KILL in all its clothes. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { client, message, server, string, uint } from './support/mysql-craft.ts';
import { attributed, withEof } from './support/mysql-stage.ts';

describe('commands for the gateway', () => {
  test.each([
    ['KILL 77', 'connection', 77],
    ['kill query 77;', 'statement', 77],
    ['/* app */ Kill /* which */ Query\n77 -- now', 'statement', 77],
    ['/*!50000 KILL QUERY 77 */', 'statement', 77],
    ['/*M!100000 KILL HARD CONNECTION 77*/ ;', 'connection', 77],
    ['# first\nkill soft connection\t4294967295', 'connection', 4294967295],
    ['-- \nKILL 5 /* open', 'connection', 5],
  ])('%s', (sql, scope, connection) => {
    const stage = withEof();
    const kill = client.query(sql);
    expect(stage.send(kill)).toBeNull();
    expect(stage.session.aside).toEqual({ kind: 'cancel', bytes: kill.length, connection, scope });
    expect(stage.session.unread).toBe(kill.length);
    expect(stage.session.sequence).toBe(1);
    expect(stage.told()).toHaveLength(1);
    stage.session.answered(null);
    expect(stage.told()).toEqual(["outcome 1.0 done rows 0 in 0 out 0 ''"]);
    expect(stage.send()).toBeNull();
    expect(stage.session.idle).toBe(true);
  });

  test.each([
    'kill query id 5',
    'kill user alice',
    'kill connection_id()',
    'kill 5; select 1',
    'kill 5 + 1',
    'kill5',
    'kill query5',
    'killed 5',
    'select 1; kill 5',
    'kill',
    'kill /* 5',
    '/ kill 5',
    '--kill 5',
    'kill 1234567890123456',
    '',
    'k',
    '-',
  ])('%j is the database’s', (sql) => {
    const stage = withEof();
    expect(stage.send(client.query(sql))).toBeNull();
    expect(stage.session.aside).toBeNull();
    expect(stage.session.unread).toBe(0);
    expect(stage.told()).toHaveLength(1);
  });

  test('KILL is seen however it is cut', () => {
    const kill = client.query('/* a */ KILL /* b */ QUERY 12 -- c');
    for (let at = 1; at < kill.length; at++) {
      const stage = withEof();
      stage.send(kill.subarray(0, at));
      expect([at, stage.session.unread, stage.session.aside]).toEqual([at, at, null]);
      stage.send(kill);
      expect(stage.session.aside).toMatchObject({ kind: 'cancel', connection: 12, scope: 'statement' });
      expect(stage.told()).toHaveLength(1);
    }
  });

  test('behind query attributes, whose values are told too', () => {
    const stage = attributed();
    stage.send(client.attributed('KILL 12', string('x', 'why')));
    expect(stage.session.aside).toMatchObject({ kind: 'cancel', connection: 12 });
    expect(stage.told().map((line) => line.slice(0, 18))).toEqual(['bind 1 statement 0', "simple 2 'KILL 12'"]);
  });

  test('COM_PROCESS_KILL', () => {
    const stage = withEof();
    stage.send(client.processKill(70_000));
    expect(stage.session.aside).toEqual({ kind: 'cancel', bytes: 9, connection: 70_000, scope: 'connection' });
    stage.session.answered('HY000');
    expect(stage.told()).toEqual(['call 1 x0c70110100', "outcome 1.0 error rows 0 in 0 out 0 'HY000'"]);
  });

  test.each([client.query('kill 12'), client.processKill(12)])(
    'one that is the database’s after all is passed on',
    (kill) => {
      const stage = withEof();
      stage.send(kill, client.ping());
      stage.told();
      stage.session.passedOn();
      expect(stage.send(kill, client.ping())).toBeNull();
      expect(stage.session.unread).toBe(0);
      expect(stage.told()).toEqual([]);
      stage.answer(server.error(1, 1094, 'HY000'), server.ok(1));
      expect(stage.told()).toEqual(["outcome 1.0 error rows 0 in 0 out 0 'HY000'"]);
      expect(stage.session.idle).toBe(true);
      // Only that one.
      stage.send(kill);
      expect(stage.session.aside).not.toBeNull();
    },
  );

  test('waits until the server owes nothing', () => {
    const stage = withEof();
    const kill = client.query('kill 5');
    stage.send(client.query('select 1'), kill, client.ping());
    expect([stage.session.aside, stage.session.crowded]).toEqual([null, true]);
    const unread = stage.session.unread;
    expect(unread).toBe(kill.length + client.ping().length);
    stage.answer(server.ok(1));
    expect(stage.session.crowded).toBe(false);
    stage.send(kill, client.ping());
    expect(stage.session.aside).toMatchObject({ connection: 5 });
    // Nothing more is read until it is answered.
    stage.send(kill, client.ping(), client.ping());
    expect(stage.session.unread).toBe(unread + client.ping().length);
    stage.session.answered(null);
    stage.send(client.ping(), client.ping());
    stage.answer(server.ok(1), server.ok(1));
    expect(stage.session.idle).toBe(true);
  });

  test.each([
    ['COM_CHANGE_USER', client.changeUser('root')],
    ['COM_BINLOG_DUMP', message(0, 0x12, uint(4, 4), uint(0, 2), uint(1, 4))],
    ['COM_BINLOG_DUMP_GTID', message(0, 0x1e, uint(0, 2))],
    ['COM_REGISTER_SLAVE', message(0, 0x15, uint(1, 4))],
    ['COM_SHUTDOWN', message(0, 0x08, 0)],
    ['COM_TABLE_DUMP', message(0, 0x13, 1)],
    ['command 0x20', message(0, 0x20)],
    ['command 0x00', message(0)],
    ['command 0xfe', message(0, 0xfe, 1)],
  ])('%s is refused, and the session goes on', (name, command) => {
    const stage = withEof();
    expect(stage.send(command, client.ping())).toBeNull();
    const { aside } = stage.session;
    expect(aside).toMatchObject({ kind: 'refuse', bytes: command.length, refusal: { side: 'client', code: '0A000' } });
    if (aside?.kind === 'refuse') expect(aside.refusal.message).toContain(name);
    stage.session.passedOn();
    expect(stage.session.aside).toBe(aside);
    stage.session.answered('0A000');
    const [told, outcome] = stage.told();
    // Of a command that may hold a password only its first byte is told.
    expect(told).toMatch(/^call 1 (x..|'.'|'\\.')$/);
    expect(outcome).toBe("outcome 1.0 error rows 0 in 0 out 0 '0A000'");
    stage.send(client.ping());
    expect(stage.session.unread).toBe(0);
  });

  test('one too large to be kept ends the session', () => {
    expect(withEof().send(message(0, 0x11, Buffer.alloc(5000)))).toMatchObject({ side: 'client', code: '0A000' });
  });

  test('an aside without an answer is lost when the session ends', () => {
    const stage = withEof();
    stage.send(client.query('kill 5'));
    stage.session.abandon();
    expect(stage.told()).toEqual(["simple 1 'kill 5'", "outcome 1.0 lost rows 0 in 0 out 0 ''"]);
  });
});
