/** The lines to connect with: what is copied works, and only what says so holds the password. */
import { execFileSync } from 'node:child_process';
import type { Connection } from '@tidegate/contract';
import { describe, expect, test } from 'vitest';
import { waysIn } from '../src/lib/ways.ts';

const PASSWORD = 'Tg1.s3cr3t/with@signs';
const to = (engine: Connection['engine'], database = 'orders'): Connection =>
  ({
    engine,
    host: 'db.example',
    port: 7432,
    user: 'alice.g7k2m',
    password: PASSWORD,
    database,
    tlsRequired: true,
    ca: '-----BEGIN CERTIFICATE-----',
    expiresAt: '2026-11-22T12:00:00Z',
    gateway: 'near',
  }) as never;

describe.each(['postgres', 'mysql', 'sqlserver'] as const)('%s', (engine) => {
  test('the password stands only in what is hidden', () => {
    const ways = waysIn(to(engine));
    expect(ways.length).toBeGreaterThan(3);
    for (const { text, secret } of ways) {
      const holds = text.includes(PASSWORD) || text.includes(encodeURIComponent(PASSWORD));
      expect(holds, text).toBe(secret === true);
    }
  });

  test('a shell takes a name with signs of its own as one word', () => {
    const [first] = waysIn(to(engine, "o'r ders; rm -rf $HOME"));
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${first?.text ?? ''}`], { encoding: 'utf8' });
    expect(words).toContain("o'r ders; rm -rf $HOME");
  });
});

test('a URI can be read back', () => {
  const uri = new URL(waysIn(to('postgres')).find(({ secret }) => secret === true)?.text ?? '');
  expect(decodeURIComponent(uri.password)).toBe(PASSWORD);
  expect(uri.pathname).toBe('/orders');
  expect(uri.searchParams.get('sslmode')).toBe('verify-full');
});
