/** What you were told. */
import type { Command } from 'commander';
import { paint } from '../colour.ts';
import { safe, table } from '../layout.ts';
import { away } from '../views/time.ts';
import { action, all } from './command.ts';

export function noticeCommands(program: Command): void {
  program
    .command('notices')
    .summary('what you were told')
    .description('what you were told and have not seen yet; shown once, unless --all')
    .option('--all', 'what you have seen, too')
    .action(
      action<[], { all?: boolean }>(async (context, _, given) => {
        const client = context.client();
        const unread = given.all === true ? ('false' as const) : ('true' as const);
        const items = await all((cursor) => client.notices({ unread, cursor }));
        context.answer(items, () =>
          table(
            ['WHEN', 'WHAT'],
            items.map(({ at, text, readAt }) => [away(at), readAt === null ? paint.bold(safe(text)) : safe(text)]),
            'Nothing new.',
          ),
        );
        const [newest] = items;
        if (newest !== undefined && newest.readAt === null) await client.readNotices({ upTo: newest.id });
      }),
    );
}
