/** Files that were named on the command line. */
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { TidegateError } from '@tidegate/core';

/** @param next what to do when it can't be read */
export function readText(file: string, next: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, next, error);
  }
}

export function unreadable(file: string, next: string, error: unknown): TidegateError {
  const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new TidegateError('invalid_input', `${file} cannot be read${why}.`, next, error);
}

/** Nothing that was ever written as one line comes near it. */
const LINE_MAX = 64 * 1024 * 1024;

/** The lines of UTF-8 text as it comes, without their ends. A source that breaks is an error of the loop, unlike with `node:readline`. */
export async function* linesOf(source: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of source) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > LINE_MAX) throw new TidegateError('invalid_input', 'A line is longer than 64 MiB.');
    yield* parts;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
