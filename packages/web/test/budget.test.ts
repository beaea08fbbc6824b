/** The built files: what a first visit costs, and that no page carries what the policy would stop. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { buildWeb } from '../../../scripts/web.mjs';
import { home } from '../src/words/home.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const dist = join(root, 'packages/web/dist');
const KIB = 1024;

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
}
let manifest: Readonly<Record<string, Chunk>> = {};
let html = '';

beforeAll(() => {
  buildWeb(root, join(root, 'node_modules/node/bin/node'));
  manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
  html = readFileSync(join(dist, 'index.html'), 'utf8');
});

/** A chunk and all that it imports before it runs. */
function whole(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const each of manifest[name]?.imports ?? []) whole(each, seen);
  return seen;
}

const gzipped = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + statSync(join(dist, `${manifest[name]?.file ?? ''}.gz`)).size, 0);

const textOf = (names: Iterable<string>): string =>
  [...names].map((name) => readFileSync(join(dist, manifest[name]?.file ?? ''), 'utf8')).join('\n');

test('a first load is under 250 KB of script, gzipped, in a few files', () => {
  const first = whole('index.html');
  // The shell and Home are in it: nothing else has to be fetched before they are shown (vite.config.ts).
  expect(textOf(first)).toContain(home.open.none);
  for (const page of ['src/app/Shell.tsx', 'src/pages/home/HomePage.tsx']) expect(manifest[page]).toBeUndefined();
  expect(first.size).toBeLessThan(5);
  const bytes = gzipped(first);
  console.info(`first load of Home: ${Math.round(bytes / KIB)} KB of script, gzipped`);
  expect(bytes).toBeLessThan(250 * 1000);
});

test('signing in is, too', () => {
  const names = ['index.html', 'src/app/OpenLayout.tsx', 'src/pages/sign-in/SignInPage.tsx'];
  expect(gzipped(new Set(names.flatMap((name) => [...whole(name)])))).toBeLessThan(250 * 1000);
});

test('editor and charts come with the pages that show them', () => {
  expect(textOf(whole('index.html'))).not.toMatch(/recharts|cm-editor/i);
});

test('no inline script or style, nothing from elsewhere', () => {
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i);
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
});

test('every file of text is there compressed', () => {
  const texts = readdirSync(join(dist, 'assets')).filter((name) => /\.(js|css)$/.test(name));
  expect(texts.length).toBeGreaterThan(10);
  for (const name of texts)
    for (const end of ['br', 'gz']) expect(statSync(join(dist, 'assets', `${name}.${end}`)).size).toBeGreaterThan(0);
});
