/** Real sessions, played back: the events are reviewed text beside each recording, and don't depend on the chunks. */
import { describe, expect, test } from 'vitest';
import { Events } from './support/events.ts';
import { RECORDED, recording, recordings } from './support/recording.ts';
import { cutAt, inPieces, replay } from './support/replay.ts';
import { Summary } from './support/summary.ts';

describe.each(recordings())('%s', (name) => {
  const chunks = recording(name);

  test('tells the record what happened', async () => {
    const events = new Events();
    expect(replay(chunks, events)).toBeNull();
    await expect(`${events.lines.join('\n')}\n`).toMatchFileSnapshot(`${RECORDED}/${name}.events`);
  });

  test('tells the same whatever byte a chunk is cut at', () => {
    const events = new Events();
    const summary = new Summary();
    replay(chunks, events);
    replay(chunks, summary);
    const told = events.lines.join('\n');
    const meant = summary.lines.join('\n');
    chunks.forEach(({ from, bytes }, index) => {
      for (let at = 1; at < bytes.length; at++) {
        // A chunk of the client's may part a binding from its execution, which changes the telling, not the meaning.
        const cut = from === 'client' ? new Summary() : new Events();
        const refused = replay(cutAt(chunks, index, at), cut);
        // Thousands of cuts: only a difference is worth an assertion's time.
        const same = cut.lines.join('\n') === (from === 'client' ? meant : told);
        if (refused !== null || !same) expect({ index, at, refused, lines: cut.lines }).toBe('the same story');
      }
    });
    expect(told).not.toBe('');
  });

  test.each([1, 2, 3, 5, 7, 64])('tells the same in pieces of %i bytes', (size) => {
    const whole = new Summary();
    const pieces = new Summary();
    replay(chunks, whole);
    expect(replay(inPieces(chunks, size), pieces)).toBeNull();
    expect(pieces.lines).toEqual(whole.lines);
  });
});
