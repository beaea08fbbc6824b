/**
 * One resource taken out of a configuration's text, or called otherwise there, with every place of the policy that names
 * it. The rest of the text stays to the letter. What comes out may only ever give less: where that is not sure, it is left
 * to people.
 */
import { TidegateError } from '@tidegate/core';
import { isMap, isScalar, isSeq, type Node, type Scalar, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { byHand, type Edit, edited, itemNamed, listOf, readable } from './edit-text.ts';
import { filesIn } from './files-in.ts';

type Document = ReturnType<typeof readable>;

/**
 * Without the resource. Rules that name it and nothing else could match nothing any more, and go with it; of other lists
 * of names it is taken out. Throws `not_found`, and `invalid_input` where the text cannot be read, the resource shares
 * parts with others, or one of Tidegate's roles is given on it alone: without it, that role could mean everything.
 */
export function withoutResource(text: string, name: string): string {
  let found = false;
  const without = eachFile(text, (part, document) => {
    const item = itemNamed(document, name);
    const resources = listOf(document, 'resources');
    found ||= item !== null;
    const gone =
      item === null || resources === null ? [] : [takenOut(part, document, 'resources', resources, item, name)];
    const rules = named(document, 'policies', name).map(({ list, entry, names, scalar }) =>
      names.items.length === 1 ? { list, entry } : { list: names, entry: scalar },
    );
    return [...gone, ...togetherOut(part, document, rules, name), ...permissionsOut(part, document, name)];
  });
  if (!found) throw missing(name);
  return without;
}

/**
 * With another name for the resource, wherever the policy names it. Throws `not_found`, and `invalid_input` where the text
 * cannot be read, or a condition speaks of the name.
 */
export function withResourceRenamed(text: string, name: string, to: string): string {
  let found = false;
  const renamed = eachFile(text, (_, document) => {
    const own: unknown = itemNamed(document, name)?.get('name', true);
    found ||= isScalar(own);
    assertNoConditionNames(document, name);
    const scalars = ['policies', 'permissions']
      .flatMap((key) => named(document, key, name))
      .map(({ scalar }) => scalar);
    return [...(isScalar(own) ? [own] : []), ...scalars].map((scalar) => rewritten(scalar, name, to));
  });
  if (!found) throw missing(name);
  return renamed;
}

const missing = (name: string): TidegateError =>
  new TidegateError('not_found', `The configuration has no resource ${name}.`, 'Look at it under Policies and roles.');

function eachFile(text: string, edits: (part: string, document: Document) => readonly Edit[]): string {
  const all = filesIn(text).flatMap(({ from, to }) => {
    const part = text.slice(from, to);
    return edits(part, readable(part)).map((edit) => ({ ...edit, from: edit.from + from, to: edit.to + from }));
  });
  return edited(text, all);
}

interface Named {
  /** The rules or permissions, and the one of them. */
  readonly list: YAMLSeq;
  readonly entry: YAMLMap;
  readonly names: YAMLSeq;
  readonly scalar: Scalar;
}

/** Entries under `key` whose `resources.names` has the name. */
function named(document: Document, key: string, name: string): Named[] {
  const list = listOf(document, key);
  if (list === null) return [];
  return list.items.flatMap((entry): Named[] => {
    const names: unknown = isMap(entry) ? entry.getIn(['resources', 'names'], true) : null;
    if (!isMap(entry) || !isSeq(names)) return [];
    const scalar = names.items.find((each): each is Scalar => isScalar(each) && each.value === name);
    return scalar === undefined ? [] : [{ list, entry, names, scalar }];
  });
}

interface Out {
  readonly list: YAMLSeq;
  readonly entry: Node;
}

/** Of one list all may go at once: then it is empty. */
function togetherOut(part: string, document: Document, outs: readonly Out[], name: string): Edit[] {
  return [...Map.groupBy(outs, ({ list }) => list)].flatMap(([list, gone]) => {
    if (gone.length === list.items.length) return [emptied(part, document, list, name)];
    return gone.map(({ entry }) => takenOut(part, document, '', list, entry, name));
  });
}

function permissionsOut(part: string, document: Document, name: string): Edit[] {
  return named(document, 'permissions', name).map(({ names, scalar }) => {
    if (names.items.length === 1) throw byHand(name, 'is all that somebody has one of Tidegate’s roles on');
    return takenOut(part, document, '', names, scalar, name);
  });
}

/** One item of a list and what belongs to it: its separator, its lines, the comments that stand right above it. */
function takenOut(part: string, document: Document, key: string, list: YAMLSeq, item: Node, name: string): Edit {
  assertStandsAlone(item, name);
  if (list.items.length === 1 && key !== '') return emptied(part, document, list, name);
  const [from, to] = placeOf(item, name);
  if (list.flow === true) {
    const at = list.items.indexOf(item);
    const before = list.items[at - 1];
    const after = list.items[at + 1];
    if (isNode(before)) return { from: placeOf(before, name)[1], to, text: '' };
    return { from, to: isNode(after) ? placeOf(after, name)[0] : to, text: '' };
  }
  const lines = linesOf(part, from, to, name);
  const blank = part.slice(0, lines.from).endsWith('\n\n') && part.startsWith('\n', lines.to);
  return { ...lines, to: lines.to + (blank ? 1 : 0), text: '' };
}

/** The whole lines of a block's item, from its dash or the comments above it. */
function linesOf(part: string, start: number, to: number, name: string): { from: number; to: number } {
  let from = part.lastIndexOf('\n', start - 1) + 1;
  const indent = /^( *)- +$/.exec(part.slice(from, start))?.[1];
  const end = start + part.slice(start, to).trimEnd().length;
  const rest = /^[ \t]*(#[^\n]*)?(\n|$)/.exec(part.slice(end))?.[0];
  if (indent === undefined || rest === undefined) throw byHand(name, 'is written in a way that only people can change');
  for (;;) {
    const above = part.lastIndexOf('\n', from - 2) + 1;
    if (from === 0 || !part.slice(above, from).startsWith(`${indent}#`)) break;
    from = above;
  }
  return { from, to: end + rest.length };
}

/** `[]` in place of all that stood in the list. */
function emptied(part: string, document: Document, list: YAMLSeq, name: string): Edit {
  for (const item of list.items) if (isNode(item)) assertStandsAlone(item, name);
  const [start, to] = placeOf(list, name);
  if (list.flow === true) return { from: start, to, text: '[]' };
  const key = isMap(document.contents) ? document.contents.items.find(({ value }) => value === list)?.key : undefined;
  if (!isScalar(key) || !key.range) throw byHand(name, 'is written in a way that only people can change');
  const from = part.indexOf(':', key.range[1]) + 1;
  return { from, to: start + part.slice(start, to).trimEnd().length, text: ' []' };
}

/** What is anchored in it is used elsewhere. */
function assertStandsAlone(node: Node, name: string): void {
  visit(node, {
    Node: (_, each) => {
      if ('anchor' in each && each.anchor !== undefined) throw byHand(name);
    },
  });
}

const CONDITIONS = ['when', 'autoApprove'];

/** A condition is not read here; one that holds the name in quotes may mean the resource. */
function assertNoConditionNames(document: Document, name: string): void {
  for (const entry of listOf(document, 'policies')?.items ?? []) {
    const texts = isMap(entry) ? CONDITIONS.map((key) => entry.get(key)) : [];
    if (texts.some((text) => typeof text === 'string' && (text.includes(`"${name}"`) || text.includes(`'${name}'`)))) {
      throw byHand(name, `is named in a condition of a rule`);
    }
  }
}

/** In its quotes, or in quotes where it would be read as something else. */
function rewritten(scalar: Scalar, name: string, to: string): Edit {
  const [from, end] = placeOf(scalar, name);
  const quoted = scalar.type === 'QUOTE_SINGLE' ? `'${to}'` : JSON.stringify(to);
  const plain = scalar.type === 'PLAIN' && /^[a-z][a-z0-9._-]*$/.test(to) && !/^(true|false|null)$/.test(to);
  return { from, to: end, text: plain ? to : quoted };
}

function placeOf(node: Node, name: string): readonly [from: number, to: number] {
  if (!node.range) throw byHand(name, 'is written in a way that only people can change');
  return [node.range[0], node.range[1]];
}

const isNode = (value: unknown): value is Node => isScalar(value) || isMap(value) || isSeq(value);
