import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { paint } from '../src/colour.ts';
import { cut, fields, safe, table, wrap } from '../src/layout.ts';

const lines = (text: string): string[] => stripVTControlCharacters(text).split('\n');
const HEAD = ['ID', 'STATE', 'REASON'];

describe('a table', () => {
  test('aligns its columns by what is seen, colours and wide letters included', () => {
    const rows = [
      ['a', paint.green('active'), 'x'],
      ['日本', 'off', 'y'],
    ];
    expect(lines(table(HEAD, rows, 'None.', Infinity))).toEqual([
      'ID    STATE   REASON',
      'a     active  x',
      '日本  off     y',
    ]);
  });

  test('cuts its last column where the room ends, and nothing else', () => {
    const reason = 'because the customer asked for it twice today';
    const [, row = ''] = lines(table(HEAD, [['req_1', 'pending', reason]], 'None.', 40));
    expect(row).toBe('req_1  pending  because the customer as…');
    expect(row).toHaveLength(40);
  });

  test('becomes labels and values where even that is not enough, with nothing cut', () => {
    const text = table(HEAD, [['req_1', 'pending', 'because the customer asked']], 'None.', 30);
    expect(lines(text)).toEqual(['id      req_1', 'state   pending', 'reason  because the customer', '        asked']);
  });

  test('says what there is to say when it is empty', () => {
    expect(stripVTControlCharacters(table(HEAD, [], 'No grants.', 80))).toBe('No grants.');
  });
});

describe('fields', () => {
  test('leave out what has no value, and wrap under the value', () => {
    const text = fields(
      [
        ['name', 'alice'],
        ['ticket', null],
        ['reason', ''],
        ['why', 'one two three'],
      ],
      14,
    );
    expect(lines(text)).toEqual(['name  alice', 'why   one two', '      three']);
  });

  test('never break what is copied', () => {
    const uri = 'postgresql://alice.g1:secret@127.0.0.1:7432/orders?sslmode=disable';
    expect(fields([['uri', uri]], 30)).toContain(uri);
    expect(wrap(`see ${uri}`, 30).split('\n')).toContain(uri);
  });
});

describe('cut', () => {
  test('counts cells, keeps whole letters, and ends its colours', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abcd', 3)).toBe('ab…');
    expect(cut('日本語のテキスト', 7)).toBe('日本語…');
    expect(cut('“quoted” text', 9)).toBe('“quoted”…');
    expect(cut(paint.green('hello world'), 6)).toBe('\u001b[32mhello…\u001b[39m');
  });
});

test('text from elsewhere cannot steer the terminal', () => {
  expect(safe('a\u001b[2Jb\u009bc\u202ed\ne')).toBe('a�[2Jb�c�d e');
  expect(safe('O’Brien "x".y 日本 😀')).toBe('O’Brien "x".y 日本 😀');
});
