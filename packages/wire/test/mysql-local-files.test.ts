/** LOAD DATA LOCAL: files that a client sends, counted and hashed on their way, or refused. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { client, message, server, string } from './support/mysql-craft.ts';
import { Stage, withEof } from './support/mysql-stage.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('local files', () => {
  test('are refused where they are not allowed', () => {
    const stage = withEof();
    stage.send(client.query('load data local infile'));
    expect(stage.answer(server.file(1, '/etc/passwd'))).toMatchObject({ side: 'server', code: '0A000' });
  });

  test('are counted, and their data is no command', () => {
    const stage = new Stage({ localFiles: true });
    stage.send(client.query('load data local infile'));
    stage.answer(server.file(1, 'f'));
    stage.send(message(2, '\x03drop table t'), message(3, 'more'));
    expect(stage.session.sequence).toBe(4);
    stage.send(message(4));
    stage.answer(server.ok(5, 2));
    expect(stage.told()).toEqual([
      "simple 1 'load data local infile'",
      `uploaded 1 "f" 17 sha256 ${sha256('\x03drop table tmore')}`,
      "outcome 1.0 done rows 2 in 17 out 0 ''",
    ]);
    expect(stage.session.idle).toBe(true);
    stage.send(client.query('x'));
    expect(stage.told()).toEqual(["simple 2 'x'"]);
  });

  test('a command behind the one that asks for a file is refused: it would be taken for data', () => {
    const stage = new Stage({ localFiles: true });
    stage.send(client.query('load data local infile'), client.query('select 1'));
    expect(stage.answer(server.file(1, 'f'))).toMatchObject({ side: 'client' });
  });

  test('are on record before the server gets their end, in whatever pieces they come', () => {
    const content = Buffer.alloc(300_000, 'rows, ');
    const stage = new Stage({ localFiles: true });
    stage.send(client.query('load data local infile'));
    stage.answer(server.file(1, `/tmp/${'n'.repeat(300)}`));
    stage.told();
    const sent = Buffer.concat([message(2, content), message(3, 'end')]);
    for (let at = 0; at < sent.length; at += 4099) stage.send(sent.subarray(at, at + 4099));
    expect(stage.told()).toEqual([]);
    // Its header cut in two.
    stage.send(message(4).subarray(0, 2));
    stage.send(message(4).subarray(2));
    const name = `/tmp/${'n'.repeat(250)}`;
    expect(stage.told()).toEqual([`uploaded 1 "${name}" 300003 sha256 ${sha256(`${String(content)}end`)}`]);
  });

  test('that never end are told as far as they passed', () => {
    const stage = new Stage({ localFiles: true });
    stage.send(client.query('load data local infile'));
    stage.answer(server.file(1, 'f'));
    stage.send(message(2, 'data that goes on').subarray(0, 8));
    stage.session.abandon();
    expect(stage.told().slice(1)).toEqual([
      `uploaded 1 "f" 4 in part sha256 ${sha256('data')}`,
      "outcome 1.0 lost rows 0 in 0 out 0 ''",
    ]);
  });

  test('nor may it be a large one that is half sent', () => {
    const stage = new Stage({ localFiles: true });
    stage.send(client.prepare('select ?'));
    stage.answer(server.prepared(1, 1, 0, 1), server.definition(2), server.eof(3));
    const large = client.execute(1, [string('x'.repeat(70_000))]);
    stage.send(client.query('load data local infile'), large.subarray(0, 40_000));
    expect(stage.answer(server.file(1, 'f'))).toMatchObject({ side: 'client' });
  });

  test('an error before the end of the data: the data goes on', () => {
    const stage = new Stage({ localFiles: true });
    stage.send(client.query('load data local infile'));
    stage.answer(server.file(1, 'f'));
    stage.send(message(2, 'data'));
    stage.answer(server.error(3));
    stage.send(message(3, 'more'));
    expect(stage.session.idle).toBe(false);
    stage.send(message(4), client.query('x'));
    stage.answer(server.ok(1));
    expect(stage.told().slice(1)).toEqual([
      "outcome 1.0 error rows 0 in 4 out 0 '42000'",
      `uploaded 1 "f" 8 sha256 ${sha256('datamore')}`,
      "simple 2 'x'",
      "outcome 2.0 done rows 0 in 0 out 0 ''",
    ]);
  });
});
