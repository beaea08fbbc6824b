/**
 * The names of one kind in a session (prepared statements, or portals) and what each stands for.
 *
 * The walker reads the client's messages long before the server answers them, so what a name stands for is a guess
 * until then: a Parse may fail and leave the older statement under the name. So an entry that the server hasn't
 * confirmed keeps the one it replaces as `previous`. Whoever looks a name up in a later pipeline section (after a Sync)
 * must reckon with each of them: a failed section's remainder is skipped, a later section is not.
 */
import { Buffer } from 'node:buffer';

/** NAMEDATALEN - 1. PostgreSQL cuts the names of statements and portals here, unseen: so two long names may be one. */
const NAME_BYTES = 63;
/** Direct-mapped, by a cheap hash of the name: spares the hot path a string per message. A power of two. */
const CACHE_SLOTS = 64;

export class Entry {
  /** The name's bytes; what the cache compares. */
  readonly key: Uint8Array;
  readonly name: string;
  /** The number under which it is on record. */
  ref = 0;
  /** Portals: the statement that is bound. */
  statement = 0;
  /** The pipeline section that made it. */
  section = 0;
  /** What the name stood for before, as long as the server may yet go back to it. */
  previous: Entry | null = null;
  /** The server has answered: it stands. */
  confirmed = false;
  /** The server refused or skipped it: it never stood. */
  failed = false;
  /** Marks a Close: from here on the name stands for nothing. */
  closed = false;
  /** Statements: the server has told the types of the parameters, which never change. */
  typed = false;
  /** Portals: bound and executed in one chunk, on record as one. */
  merged = false;

  constructor(key: Uint8Array, name: string) {
    this.key = key;
    this.name = name;
  }
}

const UNNAMED_KEY: Uint8Array = Buffer.alloc(0);

export class Names {
  readonly #limit: number;
  readonly #named = new Map<string, Entry>();
  readonly #cache: (Entry | null)[] = Array.from({ length: CACHE_SLOTS }, () => null);
  #unnamed: Entry | null = null;
  /** An entry of the unnamed one that nothing refers to any more. Drivers bind it anew for every statement. */
  #spare: Entry | null = null;

  /** `limit`: how many names may be in use at once. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when the name would be one too many. */
  hasRoom(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#named.size < this.#limit || start === end || this.find(bytes, start, end) !== null;
  }

  /** The latest entry of the name in `[start, end)` that has not failed; null when there is none. */
  find(bytes: Uint8Array, start: number, end: number): Entry | null {
    if (start === end) return this.#standing(this.#unnamed, null);
    const stop = Math.min(end, start + NAME_BYTES);
    const slot = slotOf(bytes, start, stop);
    const cached = this.#cache[slot] as Entry | null;
    if (cached !== null && !cached.failed && equals(cached.key, bytes, start, stop)) return cached;
    const name = nameOf(bytes, start, stop);
    const entry = this.#standing(this.#named.get(name) ?? null, name);
    if (entry !== null) this.#cache[slot] = entry;
    return entry;
  }

  /** Makes a new entry for the name, ahead of the server's answer. */
  put(bytes: Uint8Array, start: number, end: number, ref: number, section: number): Entry {
    const previous = this.find(bytes, start, end);
    const entry = this.#make(bytes, start, end);
    entry.ref = ref;
    entry.section = section;
    entry.previous = previous;
    if (start === end) this.#unnamed = entry;
    else this.#replace(entry);
    return entry;
  }

  /** The server has done it: what the name stood for before is gone. */
  confirm(entry: Entry): void {
    const previous = entry.previous;
    entry.confirmed = true;
    entry.previous = null;
    if (previous?.confirmed && previous.key === UNNAMED_KEY) this.#spare = previous;
    if (entry.closed) this.#forget(entry);
  }

  /** Forgets every name given up to `ref`: the server dropped them all. The unnamed one is harmless to keep. */
  dropUpTo(ref: number): void {
    // In the order they were made, so this ends where the rest is younger.
    for (const entry of this.#named.values()) {
      if (entry.ref > ref) return;
      this.#forget(entry);
    }
  }

  get size(): number {
    return this.#named.size;
  }

  /** Steps back over failed entries, and remembers the step. */
  #standing(latest: Entry | null, name: string | null): Entry | null {
    let entry = latest;
    while (entry?.failed) entry = entry.previous;
    if (entry === latest) return entry;
    if (name === null) this.#unnamed = entry;
    else if (entry === null) this.#named.delete(name);
    else this.#named.set(name, entry);
    return entry;
  }

  #make(bytes: Uint8Array, start: number, end: number): Entry {
    if (start === end) {
      const spare = this.#spare;
      if (spare === null) return new Entry(UNNAMED_KEY, '');
      this.#spare = null;
      spare.confirmed = spare.failed = spare.closed = spare.typed = spare.merged = false;
      spare.statement = 0;
      return spare;
    }
    const stop = Math.min(end, start + NAME_BYTES);
    return new Entry(Buffer.from(bytes.subarray(start, stop)), nameOf(bytes, start, stop));
  }

  #replace(entry: Entry): void {
    this.#named.delete(entry.name);
    this.#named.set(entry.name, entry);
    this.#cache[slotOf(entry.key, 0, entry.key.length)] = entry;
  }

  #forget(entry: Entry): void {
    if (entry.key === UNNAMED_KEY) {
      if (this.#unnamed === entry) this.#unnamed = null;
      return;
    }
    if (this.#named.get(entry.name) === entry) this.#named.delete(entry.name);
    const slot = slotOf(entry.key, 0, entry.key.length);
    if (this.#cache[slot] === entry) this.#cache[slot] = null;
  }
}

/** What the name stood for before, passing over what has failed since. */
export function olderOf(entry: Entry): Entry | null {
  let older = entry.previous;
  while (older?.failed) older = older.previous;
  entry.previous = older;
  return older;
}

/** Where the name that begins at `start` ends: the place of its NUL; -1 when there is none, or the name isn't ASCII. */
export function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) return at;
    if (byte > 0x7e) return -1;
  }
  return -1;
}

/** The name as it is on record: as much of it as PostgreSQL looks at. */
export function nameOf(bytes: Uint8Array, start: number, end: number): string {
  const stop = Math.min(end, start + NAME_BYTES);
  let name = '';
  for (let at = start; at < stop; at++) name += String.fromCharCode(bytes[at] as number);
  return name;
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const last = bytes[end - 1] as number;
  const middle = bytes[(start + end) >> 1] as number;
  return (last + middle * 7 + (end - start) * 31) & (CACHE_SLOTS - 1);
}

function equals(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}
