/** Tables on the command line: what a request is narrowed to. */
import { expect, test } from 'vitest';
import { tablesIn } from '../src/usage.ts';

test('said one by one, or with commas between', () => {
  expect(tablesIn(undefined)).toBeUndefined();
  expect(tablesIn(['sales.orders, sales.customers', 'x.y'])).toEqual(['sales.orders', 'sales.customers', 'x.y']);
});

test('a comma in a quoted name parts nothing', () => {
  expect(tablesIn(['"a,b"."c ""d, e""",x.y', '`p,q`.r', '[s,t].[u]'])).toEqual([
    '"a,b"."c ""d, e"""',
    'x.y',
    '`p,q`.r',
    '[s,t].[u]',
  ]);
});

test.each([['sales.orders, '], [','], ['']])('a table that is missing: “%s”', (text) => {
  expect(() => tablesIn([text])).toThrow('A table is missing');
});
