/**
 * Which principals without a grant are to go. Found by their mark, so a store that is empty or restored from a backup
 * does not hide them.
 *
 * - Its time is over: it goes, whatever is known of grants.
 * - Its grant is unknown though its time is not over: it goes once the control plane, heard after it was first seen,
 *   still does not know the grant. Until then it may be another gateway's, made after our desired state was written. It
 *   can't outlive its time: the database holds it to that.
 */
import type { Mark } from '../engines/provisioner.ts';

export class Sightings {
  readonly #graceMs: number;
  /** `performance.now()` of the first of an unbroken row of sightings, by login name. */
  #since = new Map<string, number>();

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /**
   * @param marks all principals without a known grant, at this look
   * @param lastContact `performance.now()` of the control plane's last word; null: out of touch
   * @returns those that are to go
   */
  judge(marks: readonly Mark[], now: number, controlNow: number, lastContact: number | null): readonly Mark[] {
    const since = new Map(marks.map(({ loginName }) => [loginName, this.#since.get(loginName) ?? now]));
    this.#since = since;
    return marks.filter(({ loginName, until }) => {
      if (until !== null && until.epochMilliseconds <= controlNow) return true;
      const seen = since.get(loginName) ?? now;
      return lastContact !== null && lastContact >= seen + this.#graceMs;
    });
  }

  /** Some are seen whose fate is open: look again soon. */
  get waiting(): boolean {
    return this.#since.size > 0;
  }
}
