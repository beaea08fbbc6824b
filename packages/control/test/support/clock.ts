/** One turn of the clock, awaited: for tests that move time by hand. */
import { startClock } from '../../src/access/clock.ts';
import type { Context } from '../../src/context.ts';

/** Does what time alone does just now. */
export async function lapseAndOpen(context: Context): Promise<void> {
  // A clock that is stopped ends the turn it has begun.
  await startClock(context).stop();
}
