import type { Command } from 'commander';
import { type CommonOptions, Context } from '../context.ts';

/** Turns `(context, arguments, options)` into a commander action; commander passes arguments, then options, then itself. */
export function action<A extends readonly unknown[], O extends object>(
  run: (context: Context, args: A, options: O) => Promise<void>,
): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const options = command.optsWithGlobals<O & CommonOptions>();
    await run(new Context(process.env, options), all.slice(0, -2) as unknown[] & A, options);
  };
}
