/** How long: the default where nothing was asked for, and the longest there is. */
import type { RoleName } from '../ids.ts';
import type { Resource, Role, Rule } from '../model.ts';
import { compareDurations, durationProblem, formatDuration, shorter } from '../time.ts';
import { quoted } from '../words.ts';
import type { Refusal } from './refusal.ts';

export interface DurationLimits {
  readonly defaultDuration: Temporal.Duration;
  readonly maxDuration: Temporal.Duration;
}

/** The longest is the narrower of the role's and the rule's; the role's default never goes beyond it. */
export function durationLimits(role: Role, rule: Rule): DurationLimits {
  const maxDuration = rule.maxDuration === null ? role.maxDuration : shorter(role.maxDuration, rule.maxDuration);
  return { maxDuration, defaultDuration: shorter(role.defaultDuration, maxDuration) };
}

interface AskedFor {
  readonly duration: Temporal.Duration | null;
  readonly role: RoleName;
  readonly resource: Resource;
}

/** Why the asked duration can't be had, naming the longest that can; null: it can. */
export function durationRefusal(
  { duration, role, resource }: AskedFor,
  rule: Rule,
  { maxDuration }: DurationLimits,
): Refusal | null {
  if (duration === null) return null;
  const longest = formatDuration(maxDuration);
  const problem = durationProblem(duration);
  if (problem !== null) {
    return { code: 'invalid_input', why: `The duration ${problem}.`, next: `Ask for ${longest} or less.` };
  }
  if (compareDurations(duration, maxDuration) <= 0) return null;
  return {
    code: 'duration_too_long',
    why: `${formatDuration(duration)} is too long: rule ${quoted(rule.name)} gives ${role} on ${resource.name} for at most ${longest}.`,
    next: `Ask for ${longest} or less.`,
  };
}
