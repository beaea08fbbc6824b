import { TidegateError } from '@tidegate/core';
import { type Command, Option } from 'commander';
import { type CommonOptions, Context } from '../context.ts';

/** Turns `(context, arguments, options)` into a commander action; commander passes arguments, then options, then itself. */
export function action<A extends readonly unknown[], O extends object>(
  run: (context: Context, args: A, options: O) => Promise<void>,
): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const options = command.optsWithGlobals<O & CommonOptions>();
    const context = new Context({ ...process.env }, options);
    try {
      await run(context, all.slice(0, -2) as unknown[] & A, options);
    } catch (error) {
      // The server does not know under which profile to sign in again.
      if (!(error instanceof TidegateError && error.code === 'unauthenticated')) throw error;
      throw new TidegateError(error.code, error.message, context.howToSignIn());
    }
  };
}

/** An option that can't be given together with others; those are named as in the parsed options. */
export const either = (flags: string, description: string, ...conflicts: string[]): Option =>
  new Option(flags, description).conflicts(conflicts);

/** Follows a list's pages to its end. */
export async function all<T>(
  get: (cursor?: string) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await get(cursor);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}
