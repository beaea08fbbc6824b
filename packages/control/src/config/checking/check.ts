/**
 * The pure part of planning and applying: a text is read, checked and compared. What comes and goes are plain values,
 * because it is done in a thread of its own (`thread.ts`).
 */
import { createHash } from 'node:crypto';
import {
  type Change,
  type ConfigPath,
  type CurrentConfig,
  differences,
  gains,
  type Known,
  type ParsedConfig,
  type Position,
  parseConfig,
  pathText,
  toCurrent,
} from '@tidegate/config';
import { config } from '@tidegate/contract';
import { type KnownText, knownIn } from './known-text.ts';

export interface Asked {
  readonly text: string;
  readonly known: KnownText;
  /** null: only read and checked. */
  readonly against: Against | null;
}

export interface Against {
  /** Names one configuration, whatever it says. */
  readonly key: string;
  /** Its JSON; null: this thread was given it before. */
  readonly content: string | null;
  /** Who gains and loses what is to be worked out, too. */
  readonly access: boolean;
}

/** A text that is in order. */
export interface Checked {
  /** JSON, with every default in its place: what is kept, and what `toCurrent` takes. */
  readonly content: string;
  readonly warnings: readonly string[];
  /** Where that stands in the text of which databases are asked (`look-at-lines.ts`), by the text of its path. */
  readonly places: ReadonlyMap<string, Position>;
  /** null: there was nothing to compare with. */
  readonly changes: readonly Change[] | null;
  /** null: it was not asked for, or there is too much to compare. */
  readonly access: readonly Change[] | null;
}

type ReadText = Pick<Checked, 'content' | 'warnings' | 'places'>;

/** One after the other. Remembers what it compared with, and the last text: what was planned is applied next, mostly. */
export class Checking {
  #before: { readonly key: string; readonly config: CurrentConfig } | null = null;
  #last: {
    readonly key: string;
    readonly config: CurrentConfig;
    readonly known: Known;
    readonly read: ReadText;
  } | null = null;

  /** Throws `InvalidConfig` with every error. */
  check({ text, known, against }: Asked): Checked {
    const after = this.#read(text, known);
    if (against === null) return { ...after.read, changes: null, access: null };
    const before = this.#inForce(against);
    return {
      ...after.read,
      changes: differences(before, after.config),
      access: against.access ? gains(before, after.config, after.known) : null,
    };
  }

  #read(text: string, known: KnownText) {
    const key = createHash('sha256').update(`${text.length} ${text}`).update(known).digest('hex');
    if (this.#last?.key === key) return this.#last;
    const people = knownIn(known);
    const parsed = parseConfig(text, people);
    // The parser's own tree is let go: it is many times as large as what it says.
    const read = { content: JSON.stringify(parsed.content), warnings: parsed.warnings, places: placesIn(parsed) };
    this.#last = { key, config: parsed.config, known: people, read };
    return this.#last;
  }

  #inForce({ key, content }: Against): CurrentConfig {
    if (this.#before?.key === key) return this.#before.config;
    if (content === null) throw new Error(`This thread was not given the configuration ${key}.`);
    this.#before = { key, config: toCurrent(config.parse(JSON.parse(content)), 0) };
    return this.#before.config;
  }
}

/** Of roles that list what they give, and of rules that give roles: of nothing else is anything found out later. */
function placesIn({ config: { policy }, locate }: ParsedConfig): Map<string, Position> {
  const places = new Map<string, Position>();
  const add = (path: ConfigPath): unknown => places.set(pathText(path), locate(path));
  add(['roles']);
  if (policy.roles.every(({ privileges }) => 'level' in privileges)) return places;
  for (const [index, { privileges }] of policy.roles.entries()) {
    add(['roles', index]);
    if ('level' in privileges) continue;
    for (const [engine, lines] of Object.entries(privileges.grants)) {
      for (const line of lines.keys()) add(['roles', index, 'grants', engine, line]);
    }
  }
  for (const [index, { roles }] of policy.rules.entries()) {
    for (const role of roles.keys()) add(['policies', index, 'roles', role]);
  }
  return places;
}
