/** What was done in the database and is not on record yet, because the record could not be written. Nothing is dropped. */
import { ProvisionError } from '../engines/provisioner.ts';
import type { PrincipalEntry } from './ports.ts';

export class Records {
  readonly #write: (entry: PrincipalEntry) => void;
  readonly #waiting: PrincipalEntry[] = [];

  constructor(write: (entry: PrincipalEntry) => void) {
    this.#write = write;
  }

  add(entry: PrincipalEntry): void {
    this.#waiting.push(entry);
  }

  /** @throws ProvisionError while something waits: nothing is said to be done that is not on record (promise 3). */
  flush(): void {
    for (let entry = this.#waiting[0]; entry !== undefined; entry = this.#waiting[0]) {
      try {
        this.#write(entry);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new ProvisionError('The gateway cannot write its record at the moment.', 'record', why, error);
      }
      this.#waiting.shift();
    }
  }
}
