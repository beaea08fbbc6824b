/**
 * One resource put into a configuration's text, or changed there. The rest of the text stays to the letter, and so do
 * comments within what is changed: people wrote it, and read its differences before they apply them.
 */
import { Document, isMap, isPair, isScalar, isSeq, type Node, visit, type YAMLMap } from 'yaml';
import { byHand, itemNamed, listOf, parse, readable, splice } from './edit-text.ts';
import { filesIn } from './files-in.ts';

/** What is to stand there, by key; `undefined`: nothing. Keys that are not named stay as they are. */
export type ResourceChange = Readonly<Record<string, unknown>> & { readonly name: string };

/** A resource as it is written, without defaults; null: the text has none of that name, or can't be read. */
export function writtenResource(text: string, name: string): unknown {
  for (const { from, to } of filesIn(text)) {
    const document = parse(text.slice(from, to));
    const found = document === null ? null : itemNamed(document, name);
    if (document !== null && found !== null) return found.toJS(document);
  }
  return null;
}

/**
 * The text with the resource of that name changed, or, where there is none, with it at the end of the list. Throws
 * `invalid_input` where the text cannot be read, or the resource is written in a way that only people can change.
 */
export function withResource(text: string, change: ResourceChange): string {
  const files = filesIn(text).map(({ from, to }) => ({ from, to, document: readable(text.slice(from, to)) }));
  for (const { from, to, document } of files) {
    const item = itemNamed(document, change.name);
    if (item !== null) return splice(text, from, to, (part) => changed(part, document, item, change));
  }
  const into = files.findLast(({ document }) => listOf(document, 'resources') !== null) ?? files.at(-1);
  if (into === undefined) return added('', readable(''), change);
  return splice(text, into.from, into.to, (part) => added(part, into.document, change));
}

function changed(part: string, document: Document, item: YAMLMap, change: ResourceChange): string {
  const place = item.range;
  if (place === null || place === undefined || item.anchor !== undefined) throw byHand(change.name);
  const before: Readonly<Record<string, unknown>> = item.toJS(document);
  for (const [key, value] of Object.entries(change)) {
    if (same(before[key], value)) continue;
    if (value === undefined) item.delete(key);
    else if (isObject(value) && isMap(item.get(key, true))) merge(document, item, key, value);
    else put(document, item, key, value);
  }
  // These stand before the dash, outside of what is written anew.
  item.commentBefore = null;
  item.spaceBefore = false;
  const text = textOf(item, part);
  if (text === null) throw byHand(change.name);
  const start = place[0];
  const end = start + part.slice(start, place[1]).trimEnd().length;
  return part.slice(0, start) + indented(text, columnOf(part, start)) + part.slice(end);
}

/** Key by key, so that comments beside those that stay do too. */
function merge(document: Document, item: YAMLMap, key: string, value: Readonly<Record<string, unknown>>): void {
  const inner = item.get(key, true);
  if (!isMap(inner)) return;
  const old = inner.items.flatMap((pair) => (isPair(pair) && isScalar(pair.key) ? [String(pair.key.value)] : []));
  for (const gone of old) if (value[gone] === undefined) inner.delete(gone);
  for (const [name, each] of Object.entries(value)) {
    const node: unknown = inner.get(name, true);
    if (each !== undefined && !same(isScalar(node) ? node.value : undefined, each)) put(document, inner, name, each);
  }
}

/** A text stays in its quotes. */
function put(document: Document, map: YAMLMap, key: string, value: unknown): void {
  const node: unknown = map.get(key, true);
  if (isScalar(node) && typeof node.value === typeof value && typeof value === 'string') node.value = value;
  else map.set(key, document.createNode(value));
}

function added(part: string, document: Document, change: ResourceChange): string {
  const item = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const list = listOf(document, 'resources');
  const last: unknown = list?.items.at(-1);
  const place = list?.range;
  const fresh = `  - ${indented(plain(item, part), 4)}`;
  if (!document.has('resources')) return `${ended(part)}resources:\n${fresh}\n`;
  if (list === null) {
    // The key alone, with nothing after it.
    const nothing = document.get('resources', true);
    if (!isScalar(nothing) || nothing.value !== null || !nothing.range) throw byHand(change.name);
    return `${part.slice(0, nothing.range[0])}\n${fresh}${part.slice(nothing.range[1])}`;
  }
  if (place === null || place === undefined) throw byHand(change.name);
  if (list.flow === true || last === undefined) {
    // `[]`, or a list in brackets: written again as a block.
    list.items.push(document.createNode(item));
    list.flow = false;
    const text = textOf(list, part);
    if (text === null) throw byHand(change.name);
    return `${part.slice(0, place[0]).trimEnd()}\n  ${indented(text, 2)}${part.slice(place[1])}`;
  }
  const column = columnOf(part, place[0]);
  const end = place[0] + part.slice(place[0], place[1]).trimEnd().length;
  return `${part.slice(0, end)}\n${' '.repeat(column)}- ${indented(plain(item, part), column + 2)}${part.slice(end)}`;
}

const ended = (text: string): string => (text === '' ? 'apiVersion: tidegate/v1\n' : `${text.trimEnd()}\n`);

/** Long lines stay whole: where they are folded says nothing. Braces are padded where the text pads them. */
const how = (part: string) => ({ lineWidth: 0, flowCollectionPadding: /\{ \S/.test(part) });

/** The node's own text; null: it refers to what may stand outside it. */
function textOf(node: Node, part: string): string | null {
  let refers = false;
  visit(node, {
    Alias: () => {
      refers = true;
      return visit.BREAK;
    },
  });
  if (refers) return null;
  const alone = new Document();
  alone.contents = node;
  return alone.toString(how(part)).trimEnd();
}

/** Lists of names stand in one line, as people write them. */
function plain(value: Readonly<Record<string, unknown>>, part: string): string {
  const document = new Document(value);
  if (isMap(document.contents)) {
    for (const { value: node } of document.contents.items) {
      if (isSeq(node)) node.flow = true;
      else if (
        isMap(node) &&
        node.items.every((pair) => isScalar(pair.value) && !String(pair.value.value).includes('\n'))
      ) {
        node.flow = true;
      }
    }
  }
  return document.toString(how(part)).trimEnd();
}

/** All lines but the first. */
const indented = (text: string, columns: number): string => text.replaceAll(/\n(?=[^\n])/g, `\n${' '.repeat(columns)}`);

const columnOf = (text: string, offset: number): number => offset - (text.lastIndexOf('\n', offset - 1) + 1);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Both are plain values; what is `undefined` within is not there. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
