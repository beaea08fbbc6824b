/** Commands that messages and pages tell people to run are there: a hint that leads nowhere is worse than none. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { tidegate } from '../packages/cli/src/program.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const SPEAKING = /\.(ts|md|html|js|yaml)$/;
const PLACES = ['packages', 'docs', 'scripts', 'README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const SILENT = new Set(['node_modules', 'dist', 'test', 'fuzz']);

function speaking(path: string): string[] {
  if (statSync(path).isFile()) return SPEAKING.test(path) ? [path] : [];
  return readdirSync(path).flatMap((name) => (SILENT.has(name) ? [] : speaking(join(path, name))));
}

/** Not told to anybody: what is hashed, and the name under which the gateway goes in a database. */
const LABELS = ['tidegate key id\\0', "'tidegate entries'"];

/** A command as it is written: lower-case words, options, and placeholders (`ID`, `NAME`, `…`). */
const MENTION =
  /(?<![\w/@.-])(?<!\b(?:[Tt]his|[Tt]he|a) )tidegate((?: (?:--?[a-z][a-z-]*|[a-z][a-z-]*|[A-Z][A-Z-]*\b|…))+)/g;

interface Mention {
  readonly where: string;
  readonly words: readonly string[];
}

/** In code all is read but imports; in pages what is set as code: prose may speak of a tidegate. */
function mentionsIn(file: string): Mention[] {
  const text = readFileSync(file, 'utf8');
  const parts = file.endsWith('.md') ? [...text.matchAll(/```[\s\S]*?```|`[^`\n]+`/g)].map((code) => code[0]) : [text];
  return parts.flatMap((part) =>
    [...part.matchAll(MENTION)]
      .filter(
        (match) =>
          !LABELS.some((label) => part.startsWith(label, match.index) || part.startsWith(label, match.index - 1)),
      )
      .map((match) => ({ where: relative(root, file), words: (match[1] ?? '').trim().split(' ') })),
  );
}

/** @returns what is wrong with it; null: commander knows it. */
function wrong(words: readonly string[], program: Command): string | null {
  let command = program;
  let named = true;
  for (const word of words) {
    if (word.startsWith('-')) {
      if (!knows(command, program, word)) return `${path(command)} has no option ${word}`;
      named = false;
      continue;
    }
    if (!named || !/^[a-z]/.test(word)) {
      named = false;
      continue;
    }
    const next = command.commands.find((child) => child.name() === word || child.aliases().includes(word));
    if (next !== undefined) command = next;
    else if (command === program) return `there is no command ${word}`;
    // What follows a command that only has subcommands is one; after others it is an argument, or the sentence goes on.
    else if (command.commands.length > 0 && command.registeredArguments.length === 0 && !GOES_ON.has(word)) {
      return `${path(command)} has no ${word}`;
    } else return null;
  }
  return null;
}

const GOES_ON = new Set([
  'and',
  'or',
  'for',
  'to',
  'is',
  'as',
  'there',
  'here',
  'again',
  'first',
  'on',
  'at',
  'shows',
  'says',
]);

const path = (command: Command): string =>
  command.parent === null ? command.name() : `${path(command.parent)} ${command.name()}`;

function knows(command: Command, program: Command, flag: string): boolean {
  if (['--help', '-h'].includes(flag)) return true;
  return [...command.options, ...program.options].some(({ long, short }) => long === flag || short === flag);
}

describe('commands that messages and pages name', () => {
  const program = tidegate();
  const mentions = PLACES.flatMap((place) => speaking(join(root, place))).flatMap(mentionsIn);

  test('exist, with the options they are named with', () => {
    expect(mentions.length).toBeGreaterThan(80);
    const broken = mentions.flatMap(({ where, words }) => {
      const what = wrong(words, program);
      return what === null ? [] : [`${where}: tidegate ${words.join(' ')}: ${what}`];
    });
    expect(broken).toEqual([]);
  });

  test.each([
    ['resource credential', 'there is no command resource'],
    ['resources credentials orders', 'tidegate resources has no credentials'],
    ['gateway --token TOKEN', 'tidegate gateway has no option --token'],
  ])('tidegate %s would be seen', (text, expected) => {
    expect(wrong(text.split(' '), program)).toBe(expected);
  });
});
