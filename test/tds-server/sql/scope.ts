/** The variables of one batch or procedure. */
import type { SqlType, SqlValue } from '../types/types.ts';
import { SqlError } from './errors.ts';

export interface Variable {
  readonly type: SqlType;
  value: SqlValue;
}

export class Scope {
  readonly #variables = new Map<string, Variable>();
  /** What the CATCH that runs now has caught. */
  caught: SqlError | null = null;
  /** Of the procedure, once it has returned. */
  returned: bigint | null = null;

  declare(name: string, type: SqlType, value: SqlValue): void {
    const key = name.toLowerCase();
    if (this.#variables.has(key)) {
      throw new SqlError(134, `The variable name '${name}' has already been declared.`, { severity: 15 });
    }
    this.#variables.set(key, { type, value });
  }

  get(name: string): Variable {
    const found = this.#variables.get(name.toLowerCase());
    if (found === undefined) throw new SqlError(137, `Must declare the scalar variable "${name}".`, { severity: 15 });
    return found;
  }

  has(name: string): boolean {
    return this.#variables.has(name.toLowerCase());
  }

  /** What a statement's variables are bound to. */
  bound(names: Iterable<string>): Record<string, SqlValue> {
    const values: Record<string, SqlValue> = {};
    for (const name of names) values[name.toLowerCase()] = this.get(name).value;
    return values;
  }
}
