/**
 * A configuration in several files: a folder is applied as one text, in which each file begins with a line
 * `--- # file: name.yaml`. Lists are put together in the order of the files (so a policy's rules, too, stand in that
 * order); everything else stands in one of them. Each file begins with its own `apiVersion`.
 */
import { type ConfigDocument, readDocument, type TextProblem } from './document.ts';
import type { ConfigPath, Position } from './errors.ts';
import { filesIn } from './files-in.ts';

export interface ConfigFile {
  /** Relative, with `/`. */
  readonly name: string;
  readonly text: string;
}

/** One text of several files, in the order given; one file stays as it is. */
export function joinFiles(files: readonly ConfigFile[]): string {
  const [only] = files;
  if (files.length === 1 && only !== undefined) return only.text;
  return files.map(({ name, text }) => `--- # file: ${name.replaceAll(/[\r\n]/g, ' ')}\n${text.trimEnd()}\n`).join('');
}

interface Part {
  /** null: the text's only one. */
  readonly file: string | null;
  readonly document: ConfigDocument;
}

/** Reads a text of one file or several. Never throws for what is in it. */
export function readFiles(text: string): ConfigDocument {
  const places = filesIn(text);
  const [first] = places;
  if (first === undefined || first.file === null) return readDocument(text);
  // Lines are counted from the one after each mark.
  const parts = places.map(({ file, from, to }): Part => ({ file, document: readDocument(text.slice(from, to)) }));
  return new Joined(parts).read(text.slice(0, first.markedAt));
}

class Joined {
  readonly #parts: readonly Part[];
  readonly #problems: TextProblem[] = [];
  /** Where each part's items of a list begin in the whole list. */
  readonly #lists = new Map<string, { readonly part: Part; readonly from: number; readonly count: number }[]>();
  readonly #single = new Map<string, Part>();

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  read(before: string): ConfigDocument {
    if (before.trim() !== '') this.#say(null, [], 'Nothing may stand before the first file’s mark.');
    for (const part of this.#parts) {
      for (const problem of part.document.problems) this.#problems.push(named(problem, part));
    }
    const broken = this.#parts.some(({ document }) => document.broken);
    const value = broken ? undefined : this.#join();
    return {
      value,
      problems: this.#problems,
      broken,
      locate: (path, at, into) => this.#locate(path, at, into),
    };
  }

  #join(): Record<string, unknown> {
    const whole: Record<string, unknown> = {};
    for (const part of this.#parts) {
      const { value } = part.document;
      // An empty file is not yet written, and nothing is wrong with it.
      if (value === null || value === undefined) continue;
      if (typeof value !== 'object' || Array.isArray(value)) {
        this.#say(part, [], 'A file must be a map, beginning with “apiVersion”.');
        continue;
      }
      if (!Object.hasOwn(value, 'apiVersion')) this.#say(part, [], '“apiVersion” is missing in this file.');
      for (const [key, each] of Object.entries(value)) this.#add(whole, part, key, each);
    }
    return whole;
  }

  #add(whole: Record<string, unknown>, part: Part, key: string, value: unknown): void {
    const known = whole[key];
    if (Array.isArray(value) && (known === undefined || Array.isArray(known))) {
      const places = this.#lists.get(key) ?? [];
      const from = places.reduce((sum, { count }) => sum + count, 0);
      this.#lists.set(key, [...places, { part, from, count: value.length }]);
      whole[key] = [...(known ?? []), ...value];
      return;
    }
    const first = this.#single.get(key);
    if (first !== undefined && key !== 'apiVersion') {
      this.#say(part, [key], `“${key}” stands in ${first.file ?? 'another file'} already.`);
      return;
    }
    if (key === 'apiVersion' && first !== undefined && known !== value) {
      this.#say(part, [key], `The files must be of one version: ${first.file ?? 'another file'} says another.`);
      return;
    }
    this.#single.set(key, part);
    whole[key] = value;
  }

  #locate([key, index, ...rest]: ConfigPath, at?: 'key' | 'value', into?: number): Position {
    const list = typeof key === 'string' ? this.#lists.get(key) : undefined;
    if (typeof key !== 'string') return this.#of(this.#parts[0], [], at);
    if (list === undefined) {
      const part = this.#single.get(key) ?? this.#parts[0];
      return this.#of(part, index === undefined ? [key] : [key, index, ...rest], at, into);
    }
    if (typeof index !== 'number') return this.#of(list[0]?.part, [key], at, into);
    const place = list.find(({ from, count }) => index >= from && index < from + count) ?? list[0];
    return this.#of(place?.part, [key, index - (place?.from ?? 0), ...rest], at, into);
  }

  #of(part: Part | undefined, path: ConfigPath, at?: 'key' | 'value', into?: number): Position {
    if (part === undefined) return { line: 1, column: 1 };
    return named(part.document.locate(path, at, into), part);
  }

  #say(part: Part | null, path: ConfigPath, message: string): void {
    const place = part === null ? { line: 1, column: 1 } : this.#of(part, path);
    this.#problems.push({ path: '', message, ...place });
  }
}

const named = <P extends Position>(position: P, { file }: Part): P =>
  file === null ? position : { ...position, file };
