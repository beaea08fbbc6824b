/**
 * How a part begins that was forked before all that it needs was there: it loads its program, and runs it when it is
 * told with which environment. Half a second of loading is thus done while the store starts.
 */
import { once } from 'node:events';
import { z } from 'zod';

const go = z.object({ type: z.literal('go'), env: z.record(z.string(), z.string()) });
const program = z.object({ main: z.custom<() => Promise<void>>((value) => typeof value === 'function') });

// Its supervisor is gone before it had said anything: there is nothing to run.
const orphaned = (): void => process.exit(1);
process.on('disconnect', orphaned);
const told = once(process, 'message');
const { main } = program.parse(await import(process.argv[2] ?? ''));
const [message] = await told;
const { env } = go.parse(message);
for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
Object.assign(process.env, env);
process.off('disconnect', orphaned);
// Gone just now: whoever listens from here on would not hear of it.
if (process.connected) await main();
