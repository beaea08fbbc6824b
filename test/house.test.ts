/** The import rule (docs/ARCHITECTURE.md, The house): imports run one way, and no file imports itself through others. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What each package's source may import of ours. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: [],
  embedded: [],
  contract: ['core'],
  config: ['core', 'contract'],
  control: ['core', 'wire', 'contract', 'config', 'embedded'],
  gateway: ['core', 'wire', 'contract'],
  demo: ['core', 'contract', 'embedded'],
  cli: ['core', 'contract', 'config', 'wire'],
  web: ['core', 'contract', 'config'],
};
/** Loaded by `await import()` alone (types cost nothing and may be named): a command that runs no server loads none. */
const lazily: Readonly<Record<string, readonly string[]>> = { cli: ['control', 'gateway', 'demo', 'embedded'] };

interface Import {
  readonly from: string;
  readonly to: string;
  readonly lazy: boolean;
  readonly typeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'node_modules' || name === 'dist' ? [] : sources(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[\w*${},\s]+?\s+from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): Import[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => ({
    from: file,
    to: match[2] ?? match[3] ?? '',
    lazy: match[3] !== undefined,
    typeOnly: match[1] !== undefined,
  }));
}

const packages = Object.keys(allowed);
const files = packages.flatMap((name) => sources(join(root, 'packages', name, 'src')).map((file) => ({ name, file })));

describe('the import rule', () => {
  test('every package is in the rule', () => {
    expect(readdirSync(join(root, 'packages')).sort()).toEqual([...packages].sort());
    expect(files.length).toBeGreaterThan(20);
  });

  test('packages import only what stands below them', () => {
    const broken = files.flatMap(({ name, file }) =>
      importsOf(file).flatMap(({ to, lazy, typeOnly }) => {
        const ours = /^@tidegate\/([a-z]+)$/.exec(to)?.[1];
        if (to.startsWith('@tidegate/') && ours === undefined) return [`${relative(root, file)} reaches inside ${to}`];
        if (to.startsWith('.') && relative(join(root, 'packages', name), resolve(dirname(file), to)).startsWith('..')) {
          return [`${relative(root, file)} leaves its package: ${to}`];
        }
        if (ours === undefined || ours === name || allowed[name]?.includes(ours)) return [];
        if ((lazy || typeOnly) && lazily[name]?.includes(ours)) return [];
        return [`${relative(root, file)} imports ${to}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('the pure packages know no socket, file, process, clock or randomness', () => {
    const pure = new Set(['core', 'wire', 'config']);
    const io = /^node:(?!crypto$|buffer$|util$)/;
    const ambient =
      /\bDate\.now\(|\bnew Date\(\)|\bTemporal\.Now\b|\bMath\.random\(|\brandomBytes\(|\brandomUUID\(|\bsetTimeout\(|\bsetInterval\(/;
    const broken = files
      .filter(({ name }) => pure.has(name))
      .flatMap(({ file }) => [
        ...importsOf(file)
          .filter(({ to }) => io.test(to))
          .map(({ to }) => `${relative(root, file)} imports ${to}`),
        ...(ambient.test(readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))
          ? [`${relative(root, file)} takes time or randomness from its surroundings`]
          : []),
      ]);
    expect(broken).toEqual([]);
  });

  test('an engine is known from outside its folder by its line in the list alone', () => {
    const engines = readdirSync(join(root, 'packages/gateway/src/engines')).filter((name) => !name.endsWith('.ts'));
    expect(engines).toContain('postgres');
    const folder = new RegExp(`packages/(gateway/src/engines|cli/src/engines|wire/src)/(${engines.join('|')})/`);
    const lists = /(engines\/engines|wire\/src\/index)\.ts$/;
    const broken = files.flatMap(({ file }) =>
      importsOf(file).flatMap(({ from, to }) => {
        const target = to.startsWith('.') ? folder.exec(resolve(dirname(from), to)) : null;
        if (target === null || folder.exec(from)?.[0] === target[0]) return [];
        const byItsLine = lists.test(from) && to.endsWith('/index.ts');
        return byItsLine ? [] : [`${relative(root, from)} reaches into ${target[2]}: ${to}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('no circles among files', () => {
    const graph = new Map(
      files.map(({ file }) => [
        file,
        importsOf(file)
          .filter(({ to, typeOnly }) => to.startsWith('.') && !typeOnly)
          .map(({ to }) => resolve(dirname(file), to)),
      ]),
    );
    const circles: string[] = [];
    const state = new Map<string, 'open' | 'done'>();
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].map((step) => relative(root, step)).join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const { file } of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});
