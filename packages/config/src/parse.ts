/** A configuration from its text, or everything that is wrong with it. */
import { type Config, config, GIVES_NOTHING, shapeProblems } from '@tidegate/contract';
import { isTimeZone } from '@tidegate/core';
import { checkNames } from './check-names.ts';
import { checkProviders } from './check-providers.ts';
import { checkResources } from './check-resources.ts';
import { checkRoles } from './check-roles.ts';
import { checkApprovals, checkReach, checkRules } from './check-rules.ts';
import { checkPermissions, checkWorkloads } from './check-workloads.ts';
import { type CurrentConfig, toCurrent } from './content.ts';
import type { ConfigDocument } from './document.ts';
import { type Findings, type Known, NOTHING_KNOWN, toDraft } from './draft.ts';
import { type ConfigPath, type ConfigProblem, InvalidConfig, type Position, pathText, placeText } from './errors.ts';
import { readFiles } from './files.ts';
import { Membership } from './membership.ts';

export interface ParsedConfig {
  /** As it is kept: with every default in its place. */
  readonly content: Config;
  /** As it would be in force; version 0. */
  readonly config: CurrentConfig;
  /** What is allowed and yet looks wrong; each with its line. */
  readonly warnings: readonly string[];
  /** Where a value stands in the text: for what is found out elsewhere (in the databases themselves). See `toldAt`. */
  readonly locate: (path: ConfigPath) => Position;
}

/** Takes findings about a text that is itself in order. */
export interface Told extends Findings {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  /** All of its problems, in the order of the text. */
  refusal(): InvalidConfig;
}

export const toldAt = (locate: (path: ConfigPath) => Position): Told => new Sink({ problems: [], locate });

/** Errors beyond this are not told: whoever has that many has one cause for them. */
const PROBLEMS_MAX = 100;

/** Throws `InvalidConfig` with every error, in the order of the text. */
export function parseConfig(text: string, known: Known = NOTHING_KNOWN): ParsedConfig {
  return parse(text, known, true);
}

/**
 * A configuration where nobody knows who is in its groups, because no server is asked: whether anybody could approve, or
 * a rule ever decides, stays open. Throws `InvalidConfig` with every other error.
 */
export function parseOffline(text: string): CurrentConfig {
  return parse(text, NOTHING_KNOWN, false).config;
}

/** A configuration that was in force once: only read, for it was checked then. Throws `InvalidConfig`. */
export function readApplied(text: string): CurrentConfig {
  const document = readFiles(text);
  const sink = new Sink(document);
  const shaped = config.safeParse(document.value);
  if (document.broken || !shaped.success) throw sink.refusal();
  return toCurrent(shaped.data, 0);
}

function parse(text: string, known: Known, asksPeople: boolean): ParsedConfig {
  const document = readFiles(text);
  const sink = new Sink(document);
  if (document.broken) throw sink.refusal();

  const { value } = document;
  const shaped = config.safeParse(value);
  if (!shaped.success) {
    for (const { path, at, message } of shapeProblems(shaped.error.issues, value)) sink.add(path, message, at);
  }
  const draft = toDraft(value);
  checkTimeZone(value, sink);
  checkGiving(value, sink);
  checkNames(draft, known, sink);
  checkProviders(draft, sink);
  checkRoles(draft, sink);
  checkResources(draft, sink);
  checkRules(draft, sink);
  checkWorkloads(draft, sink);
  checkPermissions(draft, known, sink);
  if (!shaped.success || sink.problems.length > 0) throw sink.refusal();

  const current = toCurrent(shaped.data, 0);
  if (asksPeople) {
    const membership = new Membership(current.groups, known);
    checkApprovals(current, membership, sink);
    checkReach(current, membership, sink);
  }
  if (sink.problems.length > 0) throw sink.refusal();
  return {
    content: shaped.data,
    config: current,
    warnings: [...sink.warnings],
    locate: (path) => document.locate(path),
  };
}

/**
 * A rule that does not say how access is given must be told so whatever else is wrong with it: the schema looks at this
 * only once every part has its shape.
 */
function checkGiving(value: unknown, sink: Sink): void {
  const rules: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'policies') : undefined;
  if (!Array.isArray(rules)) return;
  for (const [index, rule] of rules.entries()) {
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) continue;
    const says = ['approvals', 'autoApprove', 'breakGlass'].some((key) => Object.hasOwn(rule, key));
    if (!says) sink.error(['policies', index], `This ${GIVES_NOTHING}.`);
  }
}

/** One that this runtime does not know would let every condition fail. */
function checkTimeZone(value: unknown, sink: Sink): void {
  const zone: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'timeZone') : undefined;
  if (typeof zone === 'string' && !isTimeZone(zone)) {
    sink.error(['timeZone'], `There is no time zone “${zone}”: write it like Europe/Berlin.`);
  }
}

class Sink implements Findings {
  readonly problems: ConfigProblem[];
  readonly warnings: string[] = [];
  readonly #document: Pick<ConfigDocument, 'problems' | 'locate'>;
  /** The schema and a check of ours may find the same. */
  readonly #said: Set<string>;

  constructor(document: Pick<ConfigDocument, 'problems' | 'locate'>) {
    this.#document = document;
    this.problems = [...document.problems];
    this.#said = new Set(this.problems.map(({ path, message }) => `${path}\0${message}`));
  }

  error(path: ConfigPath, message: string, into = 0): void {
    this.add(path, message, 'value', into);
  }

  add(path: ConfigPath, message: string, at: 'key' | 'value', into = 0): void {
    const problem = { path: pathText(path), message, ...this.#document.locate(path, at, into) };
    const said = `${problem.path}\0${message}`;
    if (this.#said.has(said)) return;
    this.#said.add(said);
    this.problems.push(problem);
  }

  warn(path: ConfigPath, message: string): void {
    this.warnings.push(`${placeText(this.#document.locate(path))}: ${message}`);
  }

  refusal(): InvalidConfig {
    const files = [...new Set(this.problems.map(({ file }) => file))];
    const ordered = this.problems.toSorted(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
    return new InvalidConfig(ordered.slice(0, PROBLEMS_MAX));
  }
}
