/** What is wrong with a configuration, all of it at once, each where it stands in the text. */
import { TidegateError } from '@tidegate/core';

export interface ConfigProblem {
  /** `policies[2].approvals[0].count`; empty for the file as a whole. */
  readonly path: string;
  /** What was expected and what stands there. */
  readonly message: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/** Becomes problem+json with `errors`. The policy in force is unchanged. */
export class InvalidConfig extends TidegateError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const [first] = problems;
    const where = first === undefined ? '' : ` Line ${first.line}, column ${first.column}: ${first.message}`;
    const count = problems.length === 1 ? 'an error' : `${problems.length} errors`;
    super(
      'invalid_config',
      `The configuration has ${count}.${where}`,
      'Nothing was changed. Correct it and try again.',
    );
    this.name = 'InvalidConfig';
    this.problems = problems;
  }
}
