/** What ends a session of PostgreSQL’s for good, from either side, and text that is no text. */
import { Buffer } from 'node:buffer';
import { beforeEach, describe, expect, test } from 'vitest';
import { client, craft, int16, int32, server, text } from './support/craft.ts';
import { Stage } from './support/postgres-stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
const send = (...messages: readonly Uint8Array[]) => stage.send(...messages);
const answer = (...messages: readonly Uint8Array[]) => stage.answer(...messages);
const told = () => stage.told();

describe('refused', () => {
  const length = (value: number) => Buffer.concat([Buffer.from('Q'), int32(value)]);

  test.each([
    ['a message type no client sends', craft('?')],
    ['a password after login', craft('p', text('secret'))],
    ['a length below its own', length(3)],
    ['a length of zero', length(0)],
    ['a negative length', length(-1)],
    ['a length of a gigabyte', length(0x40000000)],
    ['a Query without its end', craft('Q', 'select 1')],
    ['an empty Query body', craft('Q')],
    ['a Parse without the text’s end', craft('P', text(''), 'select 1')],
    ['a Parse without the name’s end', craft('P', 'name')],
    ['a Bind without the statement’s name', craft('B', text('p'))],
    ['an Execute without a row limit', craft('E', text(''), Buffer.of(0, 0, 0))],
    ['a Describe of something else', craft('D', 'X', text(''))],
    ['a Describe of nothing', craft('D')],
    ['a Close of something else', craft('C', 'X', text(''))],
    ['an Execute beyond what is gathered', craft('E', Buffer.alloc(70_000))],
    ['a large Parse whose name doesn’t end', craft('P', Buffer.alloc(70_000, 0x61))],
  ])('from the client: %s', (_what, bytes) => {
    expect(stage.session.fromClient(bytes)).toMatchObject({ side: 'client' });
    expect(told()).toEqual([]);
    // And stays refused: what comes after can't be read any more.
    expect(send(client.query('select 1'))).toMatchObject({ side: 'client' });
  });

  test.each([
    ['a message type no server sends', craft('?')],
    ['an authentication request after login', craft('R', int32(0))],
    ['a ReadyForQuery too many', server.ready()],
    ['rows that nobody asked for', server.dataRow('x')],
    ['a ParseComplete that nobody asked for', server.parseComplete()],
    ['a result that nobody asked for', server.complete('SELECT 1')],
    ['a length below its own', Buffer.of(0x43, 0, 0, 0, 2)],
  ])('from the server: %s', (_what, bytes) => {
    expect(stage.session.fromServer(bytes)).toMatchObject({ side: 'server', code: '08P01' });
  });

  test.each([
    ['another request’s', server.bindComplete()],
    ['a ReadyForQuery before its result', server.ready()],
    ['an unknown transaction status', server.ready('X')],
    ['a tag without its end', craft('C', 'SELECT 1')],
  ])('from the server, as the answer to Parse and Sync: %s', (_what, bytes) => {
    send(client.parse('', 'select 1'), client.sync());
    expect(stage.session.fromServer(bytes)).toMatchObject({ side: 'server', code: '08P01' });
  });

  test('the statements before it in the chunk were told, and are lost', () => {
    expect(send(client.query('select 1'), craft('?'))).not.toBeNull();
    stage.session.abandon();
    expect(told()).toEqual(["simple 1 'select 1'", "outcome 1.0 lost rows 0 in 0 out 0 ''"]);
  });

  test('a types message cut short', () => {
    send(client.parse('s', ''), client.describeStatement('s'));
    expect(answer(server.parseComplete(), craft('t', int16(1), Buffer.of(0)))).toMatchObject({ side: 'server' });
  });
});

describe('text that is not UTF-8', () => {
  test('is told as it came', () => {
    expect(send(craft('Q', Buffer.of(0xff, 0xfe, 0x00)))).toBeNull();
    expect(told()).toEqual(['simple 1 xfffe']);
  });

  test('a NUL inside is told with what follows: the server refuses it', () => {
    send(craft('Q', Buffer.from('select 1\0drop table t\0')));
    expect(told()).toEqual([`simple 1 x${Buffer.from('select 1\0drop table t').toString('hex')}`]);
  });
});
