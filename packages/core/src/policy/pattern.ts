/**
 * Does a ticket have the form that a rule asks for? The pattern comes from the policy, the ticket from anybody, and
 * ECMAScript's own matcher can take time exponential in the ticket's length. This one takes at most the product of the
 * two lengths, because it follows every way through the pattern at once (Thompson's construction).
 */
import { type Node, PatternError, parsePattern } from './pattern-syntax.ts';

/** Longest ticket that is looked at, in characters. */
export const TICKET_MAX = 200;
/** Longest pattern, in characters. */
export const PATTERN_MAX = 500;
/** Most states a pattern may take once its repetitions are written out. */
const STATES_MAX = 5_000;

/** One step through the pattern; `to` and `or` are indices into the program. */
type State =
  | { readonly is: 'set'; readonly has: (character: number) => boolean }
  | { readonly is: 'start' | 'end' | 'match' }
  | { readonly is: 'split'; to: number; or: number };

export type TicketMatch = 'yes' | 'no' | 'too_long' | 'bad_pattern';

/** Does `pattern`, anchored only as it is written, match in `ticket`? */
export function matchesTicket(pattern: string, ticket: string): TicketMatch {
  if (ticket.length > TICKET_MAX) return 'too_long';
  const program = compile(pattern);
  if (typeof program === 'string') return 'bad_pattern';
  return run(program, ticket) ? 'yes' : 'no';
}

/** What is wrong with a ticket's pattern, and where, for the configuration's errors; null: nothing. */
export function ticketPatternProblem(pattern: string): string | null {
  const program = compile(pattern);
  return typeof program === 'string' ? program : null;
}

/** The program, or what is wrong. */
function compile(pattern: string): readonly State[] | string {
  if (pattern.length > PATTERN_MAX) return `It is longer than ${PATTERN_MAX} characters`;
  try {
    const program: State[] = [];
    emit(parsePattern(pattern), program);
    push(program, { is: 'match' });
    return program;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

/** Writes `node` to the end of the program; it goes on to whatever is written next. */
function emit(node: Node, program: State[]): void {
  switch (node.is) {
    case 'set':
    case 'start':
    case 'end':
      push(program, node);
      return;
    case 'sequence':
      for (const each of node.nodes) emit(each, program);
      return;
    case 'choice':
      emitChoice(node.nodes, program);
      return;
    case 'repeat':
      for (let times = 0; times < node.least; times++) {
        const before = program.length;
        emit(node.node, program);
        // What takes no state takes none again: `((){200}){200}` must not be counted out.
        if (program.length === before) break;
      }
      if (node.most === Infinity) emitLoop(node.node, program);
      else emitOptional(node.node, node.most - node.least, program);
      return;
  }
}

function emitChoice(nodes: readonly Node[], program: State[]): void {
  const ends: { to: number }[] = [];
  for (const [index, node] of nodes.entries()) {
    const last = index === nodes.length - 1;
    const split = last ? null : pushSplit(program);
    emit(node, program);
    if (!last) ends.push(pushSplit(program));
    if (split !== null) split.or = program.length;
  }
  for (const end of ends) end.to = program.length;
}

function emitLoop(node: Node, program: State[]): void {
  const start = program.length;
  const split = pushSplit(program);
  emit(node, program);
  const back = pushSplit(program);
  back.to = start;
  split.or = program.length;
}

function emitOptional(node: Node, times: number, program: State[]): void {
  const skips: { or: number }[] = [];
  for (let time = 0; time < times; time++) {
    skips.push(pushSplit(program));
    emit(node, program);
  }
  for (const skip of skips) skip.or = program.length;
}

/** A split goes on to the next state; `to` moves that, `or` (-1: nowhere) adds another way. */
function pushSplit(program: State[]): { to: number; or: number } {
  const split = { is: 'split' as const, to: program.length + 1, or: -1 };
  push(program, split);
  return split;
}

function push(program: State[], state: State): void {
  if (program.length >= STATES_MAX) throw new PatternError('It repeats too much');
  program.push(state);
}

function run(program: readonly State[], ticket: string): boolean {
  const characters = Array.from(ticket, (character) => character.codePointAt(0) ?? -1);
  let now = new Set<number>();
  for (let at = 0; at <= characters.length; at++) {
    // Not anchored: a match may begin at every character.
    const stack = [0, ...now];
    const seen = new Set<number>();
    const next = new Set<number>();
    while (stack.length > 0) {
      const index = stack.pop() ?? -1;
      const state = program[index];
      if (state === undefined || seen.has(index)) continue;
      seen.add(index);
      switch (state.is) {
        case 'match':
          return true;
        case 'split':
          stack.push(state.to, state.or);
          break;
        case 'start':
          if (at === 0) stack.push(index + 1);
          break;
        case 'end':
          if (at === characters.length) stack.push(index + 1);
          break;
        case 'set': {
          const character = characters[at];
          if (character !== undefined && state.has(character)) next.add(index + 1);
          break;
        }
      }
    }
    now = next;
  }
  return false;
}
