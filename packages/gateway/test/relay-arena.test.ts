/** Memory for chunks that a socket has not taken yet. */
import { describe, expect, it } from 'vitest';
import { Arena } from '../src/relay/arena.ts';

describe('memory for chunks', () => {
  it('is used again when nothing is waited for, and never while a socket refers to it', () => {
    const arena = new Arena();
    const text = (value: string) => Buffer.from(value);
    const one = arena.keep(text('one'), 3, false);
    arena.done(true);
    const two = arena.keep(text('two'), 3, false);
    expect([one, two].map(String)).toEqual(['one', 'two']);
    arena.done(false);
    const three = arena.keep(text('six'), 3, false);
    expect(three.byteOffset).toBe(two.byteOffset);
    expect([one, three].map(String)).toEqual(['one', 'six']);
    const four = arena.keep(text('four'), 4, false);
    arena.done(false);
    expect(arena.keep(text('five'), 4, false).byteOffset).not.toBe(four.byteOffset);
    expect([one, three, four].map(String)).toEqual(['one', 'six', 'four']);
  });

  it('holds more than a block, and more than a block in one, and still begins anew', () => {
    const arena = new Arena();
    const big = Buffer.alloc(100_000);
    for (const pinned of [false, true, false]) {
      const kept = Array.from({ length: 40 }, (_, i) => arena.keep(big.fill(i), big.length, false));
      for (const [i, chunk] of kept.entries()) expect(chunk.every((byte) => byte === i)).toBe(true);
      for (const _ of kept) arena.done(pinned);
    }
    const whole = Buffer.alloc(1_000_000, 'w');
    expect(arena.keep(whole, whole.length, false).equals(whole)).toBe(true);
    arena.done(false);
    const one = arena.keep(big, 10, false);
    arena.done(false);
    expect(arena.keep(big, 10, false).byteOffset).toBe(one.byteOffset);
  });
});
