/** What editing a configuration's text takes: its files read as documents, and places in it replaced. */
import { TidegateError } from '@tidegate/core';
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';

/** A piece of a text that becomes another. UTF-16 units. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The edits do not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((one, other) => other.from - one.from)
    .reduce((whole, { from, to, text: piece }) => whole.slice(0, from) + piece + whole.slice(to), text);
}

export const splice = (text: string, from: number, to: number, edit: (part: string) => string): string =>
  text.slice(0, from) + edit(text.slice(from, to)) + text.slice(to);

/** null: it cannot be read. */
export function parse(text: string): Document.Parsed | null {
  const document = parseDocument(text, { prettyErrors: false, schema: 'core', merge: false, resolveKnownTags: false });
  return document.errors.length > 0 ? null : document;
}

/** Throws `invalid_input` where it cannot be read. */
export function readable(text: string): Document.Parsed {
  const document = parse(text);
  if (document !== null && (document.contents === null || isMap(document.contents))) return document;
  throw new TidegateError(
    'invalid_input',
    'The configuration cannot be read, so nothing can be changed in it here.',
    'Put it right as text first, under Policies and roles.',
  );
}

/** The list under a key of the document; null: there is none. */
export function listOf(document: Document, key: string): YAMLSeq | null {
  const list = document.get(key, true);
  return isSeq(list) ? list : null;
}

export function itemNamed(document: Document, name: string): YAMLMap | null {
  const items = listOf(document, 'resources')?.items ?? [];
  return items.find((item): item is YAMLMap => isMap(item) && item.get('name') === name) ?? null;
}

export const byHand = (
  name: string,
  why = 'shares parts of its text with others (anchors and aliases)',
): TidegateError =>
  new TidegateError('invalid_input', `The resource ${name} ${why}.`, 'Change it as text, under Policies and roles.');
