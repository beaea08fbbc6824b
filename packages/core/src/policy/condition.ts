/**
 * Conditions of rules (`when`, `autoApprove`): CEL, typed against `FACTS` before it is ever run. What is doubtful at run
 * time is not false but an error, and whoever asks the condition denies (promise 1).
 */
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { serialize } from '@marcbachmann/cel-js/serialize';
import { type Circumstances, FACTS, factsOf } from './facts.ts';

export interface Condition {
  readonly source: string;
  check(circumstances: Circumstances): Checked;
  /** Each part that is joined by `&&`, with the values it looked at. */
  explain(circumstances: Circumstances): readonly Part[];
}

export type Checked =
  | { readonly holds: boolean }
  | {
      /** What could not be worked out, as a sentence. */
      readonly error: string;
    };

export interface Part {
  /** `now.hour < 18`. */
  readonly text: string;
  readonly result: Checked;
  /** `now.hour is 21`. */
  readonly values: readonly string[];
}

export interface ConditionProblem {
  readonly message: string;
  /** Characters from the beginning of the text. */
  readonly start: number;
}

/** Small on purpose: a condition is read by people, and run for each ask. */
const LIMITS = { maxAstNodes: 200, maxDepth: 32, maxListElements: 64, maxMapEntries: 16, maxCallArguments: 8 } as const;
const TEXT_MAX = 2_000;
/** Longer values are cut where they are shown. */
const SHOWN_MAX = 60;

/** Macros walk lists: one inside another could take the product of their lengths. */
const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

const environment = Object.entries(FACTS).reduce(
  (env, [name, schema]) => env.registerVariable({ name, schema }),
  new Environment({ limits: LIMITS }),
);

/** Policies say the same again and again, and each version of one says it anew. Begun anew when it is full. */
const compiledBefore = new Map<string, Condition | ConditionProblem>();
const COMPILED_MAX = 2_000;

/**
 * Reads and checks a condition: it must be of type bool, use known names, and be cheap to run. The same text may be
 * answered by the same condition.
 */
export function compileCondition(source: string): Condition | ConditionProblem {
  if (source.length > TEXT_MAX) return { message: `A condition has at most ${TEXT_MAX} characters`, start: 0 };
  const known = compiledBefore.get(source);
  if (known !== undefined) return known;
  const made = compile(source);
  if (compiledBefore.size >= COMPILED_MAX) compiledBefore.clear();
  compiledBefore.set(source, made);
  return made;
}

function compile(source: string): Condition | ConditionProblem {
  const checked = environment.check(source);
  if (!checked.valid) return problemOf(checked.error);
  if (checked.type !== 'bool') {
    return { message: `A condition must be true or false, and this is of type ${String(checked.type)}`, start: 0 };
  }
  const program = environment.parse(source);
  const dear = dearPart(program.ast, false);
  if (dear !== null) return dear;
  const parts = conjuncts(program.ast).map((node) => {
    const text = serialize(node);
    return {
      text,
      run: environment.parse(text),
      paths: pathsIn(node).map((path) => [path, environment.parse(path)] as const),
    };
  });
  return Object.freeze({
    source,
    check: (circumstances: Circumstances) => run(program, factsOf(circumstances)),
    explain: (circumstances: Circumstances) => {
      const facts = factsOf(circumstances);
      return parts.map(({ text, run: part, paths }) => ({
        text,
        result: run(part, facts),
        values: paths.flatMap(([path, read]) => shownValue(path, read, facts)),
      }));
    },
  });
}

export const isConditionProblem = (compiled: Condition | ConditionProblem): compiled is ConditionProblem =>
  'message' in compiled;

type Program = ReturnType<typeof environment.parse>;
type Facts = ReturnType<typeof factsOf>;

function run(program: Program, facts: Facts): Checked {
  try {
    const value: unknown = program(facts);
    return typeof value === 'boolean' ? { holds: value } : { error: 'It is neither true nor false.' };
  } catch (error) {
    return { error: `${firstLine(error)}.` };
  }
}

function shownValue(path: string, read: Program, facts: Facts): string[] {
  try {
    return [`${path} is ${shown(read(facts))}`];
  } catch {
    // The part that holds it tells the error.
    return [];
  }
}

function shown(value: unknown): string {
  const text =
    value instanceof Date
      ? value.toISOString()
      : typeof value === 'string'
        ? JSON.stringify(value)
        : Array.isArray(value)
          ? `[${value.map(shown).join(', ')}]`
          : String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** The library's messages go on with a picture of the place, which we tell by line and column. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').trim();
}

function problemOf(error: unknown): ConditionProblem {
  const range: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'range') : undefined;
  const start: unknown = typeof range === 'object' && range !== null ? Reflect.get(range, 'start') : 0;
  return { message: firstLine(error), start: typeof start === 'number' ? start : 0 };
}

/** `matches` runs a regular expression that may never end (a ticket's form has an engine of ours); nested macros multiply. */
function dearPart(node: ASTNode, inMacro: boolean): ConditionProblem | null {
  const called = node.op === 'rcall' || node.op === 'call' ? String(Array.isArray(node.args) ? node.args[0] : '') : '';
  if (called === 'matches') {
    return { message: 'matches() is not available: use startsWith, endsWith or contains', start: node.range.start };
  }
  const macro = MACROS.has(called);
  if (macro && inMacro) return { message: `${called}() cannot stand inside another one`, start: node.range.start };
  for (const child of childrenOf(node)) {
    const found = dearPart(child, inMacro || macro);
    if (found !== null) return found;
  }
  return null;
}

function conjuncts(node: ASTNode): ASTNode[] {
  return node.op === '&&' ? childrenOf(node).flatMap(conjuncts) : [node];
}

/** `now.hour`, `resource.labels.env`: what a part looks at. A macro's own variable is none of the facts. */
function pathsIn(node: ASTNode): string[] {
  if (isPath(node)) return [serialize(node)];
  return [...new Set(childrenOf(node).flatMap(pathsIn))];
}

function isPath(node: ASTNode): boolean {
  if (node.op === '.') return childrenOf(node).every((child) => (child.op === 'id' ? isFact(child) : isPath(child)));
  return false;
}

const isFact = (node: ASTNode): boolean => typeof node.args === 'string' && Object.hasOwn(FACTS, node.args);

function childrenOf(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) visit(each);
    else if (isNode(value)) found.push(value);
  };
  visit(node.args);
  return found;
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
