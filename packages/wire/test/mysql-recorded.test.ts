/** Real sessions, played back: the events are reviewed text beside each recording, and don't depend on the chunks. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { MysqlEvents } from './support/mysql-events.ts';
import { MYSQL_RECORDED, mysqlRecording, mysqlRecordings } from './support/mysql-recording.ts';
import { Player, replayMysql } from './support/mysql-replay.ts';
import { cutAt, inPieces } from './support/replay.ts';
import { Summary } from './support/summary.ts';

describe.each(mysqlRecordings())('%s', (name) => {
  const recording = mysqlRecording(name);
  const { chunks } = recording;

  test('tells the record what happened', async () => {
    const events = new MysqlEvents();
    expect(replayMysql(recording, events)).toBeNull();
    await expect(`${events.lines.join('\n')}\n`).toMatchFileSnapshot(`${MYSQL_RECORDED}/${name}.events`);
  });

  test('is idle in the end, and everything was forwarded', () => {
    const player = new Player(new MysqlEvents(), recording.agreed);
    expect(player.play(chunks)).toBeNull();
    expect(player.session.idle).toBe(true);
    expect(player.session.goodbye).toBe(true);
    expect(player.session.sequence).toBe(0);
    const sent = Buffer.concat(chunks.filter(({ from }) => from === 'client').map(({ bytes }) => bytes));
    expect(Buffer.concat(player.forwarded).equals(sent)).toBe(true);
  });

  test('tells the same whatever byte a chunk is cut at', () => {
    const events = new MysqlEvents();
    replayMysql(recording, events);
    const told = events.lines.join('\n');
    chunks.forEach(({ bytes }, index) => {
      for (let at = 1; at < bytes.length; at++) {
        const cut = new MysqlEvents();
        const refused = replayMysql(recording, cut, cutAt(chunks, index, at));
        // Thousands of cuts: only a difference is worth an assertion's time.
        if (refused !== null || cut.lines.join('\n') !== told) {
          expect({ index, at, refused, lines: cut.lines }).toEqual({ index, at, refused: null, lines: events.lines });
        }
      }
    });
    expect(told).not.toBe('');
  });

  test.each([1, 2, 3, 5, 7, 64])('tells the same in pieces of %i bytes', (size) => {
    const whole = new Summary();
    const pieces = new Summary();
    replayMysql(recording, whole);
    expect(replayMysql(recording, pieces, inPieces(chunks, size))).toBeNull();
    expect(pieces.lines).toEqual(whole.lines);
  });
});
