/** Real clients' sessions, played back: the events are reviewed text beside each, and don't depend on the chunks. */
import { describe, expect, test } from 'vitest';
import { sqlserver } from '../src/index.ts';
import { cutAt, inPieces } from './support/replay.ts';
import { SqlServerEvents } from './support/sqlserver-events.ts';
import {
  replaySqlServer,
  SQLSERVER_RECORDED,
  sqlServerRecording,
  sqlServerRecordings,
} from './support/sqlserver-recording.ts';

/** So many cuts are tried, spread over the whole. */
const CUTS = 400;

describe.each(sqlServerRecordings())('%s', (name) => {
  const recording = sqlServerRecording(name);
  const { chunks, start } = recording;
  const told = () => {
    const events = new SqlServerEvents();
    expect(replaySqlServer(recording, events)).toBeNull();
    return events.lines.join('\n');
  };

  test('tells the record what happened', async () => {
    await expect(`${told()}\n`).toMatchFileSnapshot(`${SQLSERVER_RECORDED}/${name}.events`);
  });

  test('is idle in the end', () => {
    const session = new sqlserver.SqlServerSession(new SqlServerEvents(), start);
    for (const { from, bytes } of chunks)
      expect(from === 'client' ? session.fromClient(bytes) : session.fromServer(bytes)).toBeNull();
    expect(session.idle).toBe(true);
    expect(session.inTransaction).toBe(false);
  });

  test('tells the same whatever byte a chunk is cut at', () => {
    const whole = told();
    const size = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const step = Math.max(1, Math.floor(size / CUTS));
    chunks.forEach(({ bytes }, index) => {
      for (let at = 1; at < bytes.length; at += step) {
        const cut = new SqlServerEvents();
        const refused = replaySqlServer(recording, cut, cutAt(chunks, index, at));
        // Hundreds of cuts: only a difference is worth an assertion's time.
        if (refused !== null || cut.lines.join('\n') !== whole)
          expect({ index, at, refused, lines: cut.lines }).toBe('the same story');
      }
    });
    expect(whole).not.toBe('');
  });

  test.each([1, 2, 3, 5, 7, 64])('tells the same in pieces of %i bytes', (size) => {
    const pieces = new SqlServerEvents();
    expect(replaySqlServer(recording, pieces, inPieces(chunks, size))).toBeNull();
    expect(pieces.lines.join('\n')).toBe(told());
  });
});
