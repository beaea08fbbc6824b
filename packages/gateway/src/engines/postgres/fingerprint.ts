/** The shape of a PostgreSQL statement, by PostgreSQL's own parser. */
import { fingerprintSync, loadModule } from 'libpg-query';
import type { ShapeOf } from '../engine.ts';

/** Loads the parser (about 30 ms), and runs it once: the first call compiles for 50 ms. */
export async function loadShape(): Promise<ShapeOf> {
  await loadModule();
  fingerprintSync('select 1');
  return (text) => {
    try {
      return `pg:${fingerprintSync(text)}`;
    } catch {
      // Not SQL that this parser knows (its message may quote the statement, so it goes nowhere).
      return null;
    }
  };
}
