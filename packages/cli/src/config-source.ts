/** A configuration as it was named on the command line: a file, a folder of files, or standard input. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TidegateError } from '@tidegate/core';
import { standardInput } from './context.ts';
import { readText, unreadable } from './files.ts';

const NEXT = 'Give a file or a folder with -f, or - for standard input.';

/** The text to send: a folder's `*.yaml` and `*.yml` files, also in folders below, in the order of their names. */
export async function readConfig(place: string): Promise<string> {
  if (place === '-') return standardInput();
  if (!isFolder(place)) return readText(place, NEXT);
  const names = yamlFilesIn(place);
  if (names.length === 0) throw new TidegateError('invalid_input', `There is no *.yaml file in ${place}.`, NEXT);
  const { joinFiles } = await import('@tidegate/config');
  return joinFiles(names.map((name) => ({ name, text: readText(join(place, name), NEXT) })));
}

function isFolder(place: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch (error) {
    throw unreadable(place, NEXT, error);
  }
}

function yamlFilesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length).replaceAll('\\', '/'))
    .sort();
}
