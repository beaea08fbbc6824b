/** What is wrong with a configuration, all of it at once, each where it stands in the text. */
import { TidegateError } from '@tidegate/core';

/** Where in the configuration: keys and indices from the top. */
export type ConfigPath = readonly (string | number)[];

/** Where in the text; both from 1, columns in UTF-16 units as editors count them. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** Which file, where there are several: lines are counted in it. */
  readonly file?: string;
}

export interface ConfigProblem extends Position {
  /** `policies[2].approvals[0].count`; empty for the file as a whole. */
  readonly path: string;
  /** What was expected and what stands there. Never a value that could be a secret. */
  readonly message: string;
}

/** Becomes problem+json with `errors`. The policy in force is unchanged. */
export class InvalidConfig extends TidegateError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const [first] = problems;
    const where = first === undefined ? '' : ` ${placeText(first)}, column ${first.column}: ${first.message}`;
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

/** `Line 3`, `groups.yaml line 3`. */
export const placeText = ({ file, line }: Position): string =>
  file === undefined ? `Line ${line}` : `${file} line ${line}`;

/** `policies[2].who.groups`; a key that is not a plain word stands in quotes. */
export function pathText(path: ConfigPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}
