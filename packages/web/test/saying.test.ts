/** Steps as a sentence, and where links may lead. */
import { expect, test } from 'vitest';
import { isOurs } from '../src/lib/address.ts';
import { stepsText } from '../src/lib/saying.ts';

const step = (groups: string[], { stage = 0, count = 1, people = [] as string[] } = {}) =>
  ({ groups, people, count, stage }) as never;

test('stages follow each other, steps of one stage stand together', () => {
  expect(stepsText([step(['leads']), step(['dba'], { stage: 1, count: 2 })])).toBe('one of leads, then 2 of dba');
  expect(stepsText([step(['leads']), step(['dba'])])).toBe('one of leads and one of dba');
  expect(stepsText([step([], { people: ['carol'] })])).toBe('carol');
  expect(stepsText([step(['leads', 'dba'], { people: ['eve'] })])).toBe('one of leads or dba or eve');
});

test.each(['/', '/requests?of=all', '/requests/req_1#x', '/%2Fevil.example'])('%s is ours', (address) => {
  expect(isOurs(address)).toBe(true);
});

test.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\t/evil.example', ''])(
  '%j is not',
  (address) => {
    expect(isOurs(address)).toBe(false);
  },
);
