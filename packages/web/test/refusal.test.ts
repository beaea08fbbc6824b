/** No page speaks command line: every text of the servers that names a command or an option has a page's words. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES, type ErrorCode } from '@tidegate/core';
import { expect, test } from 'vitest';
import { forPage, namesCommandLine, refusalForPage } from '../src/lib/refusal.ts';
import { refusals } from '../src/words/refusals.ts';

const packages = fileURLToPath(new URL('../../', import.meta.url));

/** What is said through the API, and what a gateway says that pages show (a grant's trouble, why a session ended). */
const SAYS = ['control/src', 'core/src', 'config/src', 'gateway/src/relay', 'gateway/src/reconciler'];

/** Not said to anybody: the name of a key. */
const NOT_SAID = new Set(["'tidegate key id\\0'"]);

interface Text {
  readonly place: string;
  readonly text: string;
  /** Of the refusal that it belongs to, where one stands around it. */
  readonly code: string | null;
}

const sources = SAYS.flatMap((folder) =>
  readdirSync(join(packages, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('migrations/'))
    .map((name) => join(folder, name)),
);

const texts: readonly Text[] = sources.flatMap((place) => {
  const source = readFileSync(join(packages, place), 'utf8').replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
  return [...source.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)]
    .filter(([text]) => namesCommandLine(text) && !NOT_SAID.has(text))
    .map(({ 0: text, index }) => ({ place, text: text.slice(1, -1), code: codeAround(source, index) }));
});

/** `new TidegateError('code', …, text` or `code: 'code', …, next: text`: the last code before it, a few lines up. */
function codeAround(source: string, index: number): string | null {
  const before = source.slice(Math.max(0, index - 400), index);
  const last = [...before.matchAll(/TidegateError\(\s*'(\w+)'|code: '(\w+)'/g)].at(-1);
  return last === undefined ? null : (last[1] ?? last[2] ?? null);
}

test('there are such texts, and the codes that they come with are known', () => {
  expect(texts.length).toBeGreaterThan(40);
  expect(new Set(texts.map(({ code }) => code))).toContain('not_found');
});

test.each(texts.map((each) => [each.place, each.text] as const))('%s: %s', (_, text) => {
  const said = forPage(text, '');
  expect(said).not.toBe('');
  expect(namesCommandLine(said)).toBe(false);
});

const codes = new Set(texts.map(({ code }) => code));
const named = ERROR_CODES.filter((code) => codes.has(code));

test.each(named)('%s has words of its own, for a command that is not known yet', (code) => {
  const said = refusalForPage(code, 'It did not work.', 'Run tidegate frobnicate --hard.');
  expect(said.what).toBe('It did not work.');
  expect(said.next).toBe(new Map<ErrorCode, string>(Object.entries(refusals.codes) as [ErrorCode, string][]).get(code));
  expect(said.next).toBeTruthy();
});

test('what names no command line is said as the server said it', () => {
  expect(refusalForPage('conflict', 'Somebody was faster.', 'Look again.')).toEqual({
    what: 'Somebody was faster.',
    next: 'Look again.',
  });
});

test('sentences beside one that names the command line stay', () => {
  expect(forPage('The grant is closed. Ask again: tidegate request orders --role reader --reason "…"')).toBe(
    'The grant is closed. Ask for it under “Request access”.',
  );
  expect(refusalForPage('policy_denied', 'No rule lets alice.', 'Ask for it without --break-glass.').next).toBe(
    'Ask for it without break-glass.',
  );
});

test('a database’s own words are left alone', () => {
  expect(forPage('ERROR: syntax error at or near "--x"')).toBe('ERROR: syntax error at or near "--x"');
});
