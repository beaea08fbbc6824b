/** docs/ENGINES.md names tests: each of them exists, and where a cell says ✓ the row runs on that engine. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const doc = readFileSync(join(root, 'docs', 'ENGINES.md'), 'utf8');

/** As the page writes it: a name in the gateway's tests, or a path. */
function sourceOf(file: string): string | null {
  const base = file.includes('/') ? file : `packages/gateway/test/${file}`;
  const found = [`${base}.test.ts`, `${base}.ts`].map((name) => join(root, name)).find((path) => existsSync(path));
  return found === undefined ? null : readFileSync(found, 'utf8');
}

const references = [...doc.matchAll(/`([\w/-]+) › ([^`]+)`/g)].map(([, file = '', title = '']) => ({ file, title }));

test('the page names many tests', () => {
  expect(references.length).toBeGreaterThan(40);
});

test.each(references)('$file › $title', ({ file, title }) => {
  // A quote may stand escaped in the source.
  expect((sourceOf(file) ?? '').replaceAll("\\'", "'")).toContain(title);
});

test.each([...doc.matchAll(/`(packages\/[\w/-]+)`/g)].map(([, file = '']) => file))('%s', (file) => {
  expect(sourceOf(file)).not.toBeNull();
});

test('a row of the table of behaviours runs on each engine', () => {
  const behaviours = sourceOf('behaviours') ?? '';
  const engines = /const ENGINES[^=]*= \[([^\]]*)\]/.exec(behaviours)?.[1] ?? '';
  const columns = ['postgres', 'mysql', 'sqlserver'];
  const rows = doc.split('\n').filter((line) => line.includes('`behaviours › ') && line.startsWith('| '));
  const marked = columns.filter((_, at) => rows.some((row) => row.split(' | ')[2 + at]?.trim().startsWith('✓')));
  expect(rows.length).toBeGreaterThan(12);
  for (const column of marked) expect(engines).toContain(column);
  for (const [, title] of behaviours.matchAll(/\bit\('([^']+)'/g)) expect(rows.join('\n')).toContain(title);
});
