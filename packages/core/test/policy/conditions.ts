/** Conditions beside what they mean, told without CEL: true, false, or `fails` where they cannot be worked out. */
import fc from 'fast-check';
import { type Condition, compileCondition, isConditionProblem } from '../../src/index.ts';

/** What the conditions below look at, of an ask. */
export interface Told {
  readonly minutes: number;
  /** Of the day, as the clocks of UTC show it. */
  readonly hour: number;
  readonly person: string;
  readonly workload: boolean;
  readonly extension: boolean;
  readonly label: string | undefined;
}

const MEANINGS: Readonly<Record<string, (told: Told) => boolean | 'fails'>> = {
  true: () => true,
  false: () => false,
  'request.duration <= duration("60m")': ({ minutes }) => minutes <= 60,
  'now.hour < 12': ({ hour }) => hour < 12,
  'now.hour >= 12 && !request.extension': ({ hour, extension }) => hour >= 12 && !extension,
  '!person.workload': ({ workload }) => !workload,
  'person.name == "alice" || person.name == "p0"': ({ person }) => person === 'alice' || person === 'p0',
  'resource.labels.env == "a"': ({ label }) => (label === undefined ? 'fails' : label === 'a'),
  'resource.labels.none == ""': () => 'fails',
  // Beside what is false, what fails is not looked at.
  'person.name == "nobody" && resource.labels.none == ""': () => false,
};

export function meaning({ source }: Condition, told: Told): boolean | 'fails' {
  const found = MEANINGS[source];
  if (found === undefined) throw new Error(`nobody said what ${source} means`);
  return found(told);
}

export function condition(source: string): Condition {
  const compiled = compileCondition(source);
  if (isConditionProblem(compiled)) throw new Error(compiled.message);
  return compiled;
}

const ALL = Object.keys(MEANINGS).map(condition);

/** Often one that holds, so that something comes of it. */
export const anyCondition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(condition('true')) },
  { weight: 3, arbitrary: fc.constantFrom(...ALL) },
);
