/** One line of the table: an endpoint, and what each caller is answered. */
import { PASSWORD } from '../../support/api.ts';

export interface Row {
  /** The path called; `:request` and the like are filled in. */
  readonly path: string;
  readonly body?: () => object;
  /** Signed in, and answered this. `right` is a status below 300. */
  readonly as: Readonly<Record<string, number | 'right'>>;
}

export const nobodyElse = { olga: 403, alice: 403 };
export const administrator = { ...nobodyElse, audrey: 403 };
export const person = (name: string): object => ({ name, password: PASSWORD, groups: [] });
