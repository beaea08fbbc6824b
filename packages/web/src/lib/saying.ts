/** Approval steps as a sentence: “one of leads, then one of dba”. */
import type { Explanation, RequestView } from '@tidegate/contract';
import { access } from '../words/access.ts';
import { windows } from '../words/windows.ts';
import { isoText } from './time.ts';
import type { Recurrence } from './windows.ts';

type Step = Pick<RequestView['steps'][number], 'groups' | 'people' | 'count'> & { readonly stage?: number };

/** Who is asked in one step. */
export function stepText({ groups, people, count }: Step): string {
  const from = [...groups, ...people].join(' or ');
  return people.length === 1 && groups.length === 0 ? from : access.step.anyOf(count, from);
}

/** All steps: those of one stage together, stages in order. */
export function stepsText(steps: readonly Step[]): string {
  const stages = new Map<number, string[]>();
  for (const [index, step] of steps.entries()) {
    const stage = step.stage ?? index;
    stages.set(stage, [...(stages.get(stage) ?? []), stepText(step)]);
  }
  return [...stages.values()].map((texts) => texts.join(access.step.both)).join(access.step.next);
}

/** Everybody who could move it now. */
export const candidatesOf = ({ steps }: Explanation): readonly string[] => [
  ...new Set(steps.flatMap(({ candidates }) => candidates)),
];

/** Windows as a sentence. @param duration ISO 8601, of each */
export const windowsText = ({ days, at, timeZone }: Recurrence, duration: string): string =>
  windows.said(windows.every(days), at, isoText(duration), timeZone);

type Stated = Pick<RequestView, 'state' | 'grant' | 'nextOpening'>;

/** A request's or grant's state, in the words people read. */
export function stateOf({ state, grant, nextOpening }: Stated): { state: string; label: string } {
  // Between two windows it is neither open nor over.
  if (state === 'approved' && nextOpening !== null && (grant === null || grant.state === 'closed')) {
    return { state: 'approved', label: windows.opensAgain };
  }
  const shown = state === 'approved' && grant !== null ? grant.state : state;
  return { state: shown, label: access.state[shown] ?? shown };
}
