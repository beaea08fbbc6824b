/** Two reconcilers, or a DBA at work, may change the same things: look again at what is, then do what is still missing. */
const TRIES = 4;

export interface Again {
  /** Somebody else changed the same thing at the same moment. */
  readonly concurrent: (error: unknown) => boolean;
  /** Where looking again at once would meet the same: how long at most to wait first, in ms. */
  readonly pause?: (error: unknown) => number;
}

export async function again<T>(work: () => Promise<T>, { concurrent, pause = () => 0 }: Again): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !concurrent(error)) throw error;
      const longest = pause(error);
      if (longest > 0) await new Promise((resolve) => setTimeout(resolve, longest * tries * Math.random()));
    }
  }
}
