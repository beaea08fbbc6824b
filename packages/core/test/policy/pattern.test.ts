import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TICKET_MAX, ticketPatternProblem } from '../../src/index.ts';
import { matchesTicket } from '../../src/policy/pattern.ts';

/** Random patterns that both ECMAScript and we can read, over few letters so that they often match. */
const pattern = fc.letrec<{ choice: string; sequence: string; piece: string; atom: string }>((tie) => ({
  choice: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((each) => each.join('|')),
  sequence: fc.array(tie('piece'), { maxLength: 4 }).map((each) => each.join('')),
  piece: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('^', '$') },
    {
      weight: 6,
      arbitrary: fc
        .tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '*?', '{2}', '{0,2}', '{1,}', '{0}'))
        .map((each) => each.join('')),
    },
  ),
  atom: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'pattern', withCrossShrink: true },
    fc.constantFrom('a', 'b', '1', '-', '.', '\\d', '\\D', '\\w', '\\W', '\\s', '\\.', '\\-'.slice(1), '😀'),
    fc.constantFrom('[ab]', '[^a]', '[a-z]', '[\\d-]', '[^\\w.]', '[-a]', '[\\]\\-]', '[]', '[^]', '[😀-😃]'),
    tie('choice').map((inner) => `(${inner})`),
    tie('choice').map((inner) => `(?:${inner})`),
  ),
})).choice;

const ticket = fc
  .array(fc.constantFrom('a', 'b', 'c', '1', '2', '-', '.', ']', ' ', '\n', '_', '😀', '😂', '\ud83d'), {
    maxLength: 8,
  })
  .map((each) => each.join(''));

/**
 * ECMAScript's answer, asked at each character in turn: when V8 14.6 searches by itself, it misses `[^a]$` in “😂”.
 */
function found(source: string, text: string): boolean {
  const sticky = new RegExp(source, 'uy');
  let at = 0;
  for (const character of Array.from(text).concat('')) {
    sticky.lastIndex = at;
    if (sticky.test(text)) return true;
    at += character.length;
  }
  return false;
}

describe('the form of a ticket', () => {
  test('means what ECMAScript means by it', () => {
    fc.assert(
      fc.property(pattern, fc.array(ticket, { minLength: 1, maxLength: 10 }), (source, tickets) => {
        fc.pre(source.length <= 120);
        for (const each of tickets) {
          expect(matchesTicket(source, each), `${source} on ${JSON.stringify(each)}`).toBe(
            found(source, each) ? 'yes' : 'no',
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('whatever ECMAScript can’t read, neither can we', () => {
    const text = fc.array(fc.constantFrom(...Array.from('ab1^$.*+?()[]{}|\\-,/dDwWsSbk<>=!:')), { maxLength: 12 });
    fc.assert(
      fc.property(
        text.map((each) => each.join('')),
        (source) => {
          if (ticketPatternProblem(source) === null) expect(() => new RegExp(source, 'u')).not.toThrow();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['(INC', '“)” is missing, at character 4'],
    ['INC)', '“)” closes nothing, at character 4'],
    ['*', 'There is nothing to repeat, at character 1'],
    ['[a', '“]” is missing, at character 2'],
    ['a{2,1}', 'The numbers in {} are in the wrong order, at character 6'],
    ['[z-a]', 'The range is in the wrong order, at character 5'],
    ['(?=a)', 'Look-around and named groups can’t be used, at character 2'],
    ['(a)\\1', "\\1 can't be used, at character 5"],
    ['\\bINC', "\\b can't be used, at character 3"],
    ['a{500}', "More than 200 repetitions can't be asked for, at character 6"],
    ['(((a{200}){200}){200})', 'It repeats too much'],
    ['x'.repeat(501), 'It is longer than 500 characters'],
  ])('%s: %s', (source, problem) => {
    expect(ticketPatternProblem(source)).toBe(problem);
    expect(matchesTicket(source, 'a')).toBe('bad_pattern');
  });

  test.each([
    '(a+)+$',
    '(a|a)*$',
    '(a|aa)+$',
    'a?'.repeat(100) + 'a'.repeat(100),
    '(.*)*(.*)*(.*)*x$',
    `${'('.repeat(60)}${'){200}'.repeat(60)}`,
  ])('a pattern that would never end by backtracking comes to an answer: %s', (source) => {
    // By backtracking each of these runs into the test's time limit.
    expect(matchesTicket(source, `${'a'.repeat(TICKET_MAX - 1)}!`)).not.toBe('too_long');
  });

  test('a ticket longer than any is not looked at', () => {
    expect(matchesTicket('a', 'a'.repeat(TICKET_MAX + 1))).toBe('too_long');
    expect(matchesTicket('a', 'a'.repeat(TICKET_MAX))).toBe('yes');
  });
});
