/** Standing in for reviewers who are away, and looking at break-glass afterwards. */
import type { Command } from 'commander';
import { paint } from '../colour.ts';
import { safe, table } from '../layout.ts';
import { aPerson, aRequest, aTime, UsageError } from '../usage.ts';
import { when } from '../views/time.ts';
import { action, all } from './command.ts';

export function deputyCommands(program: Command): void {
  program
    .command('delegate <person>')
    .summary('have somebody review in your stead while you are away')
    .description('have somebody review in your stead while you are away; never what they ask for themselves')
    .requiredOption('--until <time>', 'the end of your absence: “2026-12-01”, “18:00”, or 5d from now')
    .option('--from <time>', 'its beginning; now where left out')
    .option('--for <person>', 'who is away (administrators); you where left out')
    .option('--reason <text>', 'why')
    .action(
      action<[string], { until: string; from?: string; for?: string; reason?: string }>(
        async (context, [delegate], given) => {
          const made = await context.client().createDelegation({
            delegate: aPerson(delegate),
            person: given.for === undefined ? undefined : aPerson(given.for),
            startsAt: given.from === undefined ? undefined : aTime(given.from, 'future'),
            endsAt: aTime(given.until, 'future'),
            reason: given.reason,
          });
          context.answer(
            made,
            () => `${made.id}  ${safe(made.delegate)} stands in for ${safe(made.person)} until ${when(made.endsAt)}`,
          );
        },
      ),
    );
  program
    .command('delegations')
    .description('who stands in for whom')
    .option('--all', 'past ones too')
    .option('--end <id>', 'end this one now')
    .action(
      action<[], { all?: boolean; end?: string }>(async (context, _, given) => {
        const client = context.client();
        if (given.end !== undefined) {
          await client.endDelegation({ id: given.end });
          context.answer({ ended: given.end }, () => `${given.end} is over.`);
          return;
        }
        const state = given.all === true ? 'all' : 'open';
        const items = await all((cursor) => client.delegations({ state, cursor }));
        context.answer(items, () =>
          table(
            ['ID', 'AWAY', 'STANDS IN', 'FROM', 'UNTIL', 'REASON'],
            items.map((each) => [
              each.id,
              safe(each.person),
              safe(each.delegate),
              when(each.startsAt),
              each.endedAt === null ? when(each.endsAt) : `ended ${when(each.endedAt)}`,
              safe(each.reason),
            ]),
            'Nobody stands in for anybody.',
          ),
        );
      }),
    );
  program
    .command('after-reviews')
    .summary('break-glass that is still to be looked at')
    .description('break-glass that is still to be looked at; with --all, what was found')
    .option('--all', 'those that were looked at, too')
    .action(
      action<[], { all?: boolean }>(async (context, _, given) => {
        const client = context.client();
        const items = await all((cursor) =>
          client.afterReviews({ state: given.all === true ? 'all' : 'open', cursor }),
        );
        context.answer(items, () =>
          table(
            ['REQUEST', 'WHO', 'WHAT', 'BY WHEN', 'STATE'],
            items.map((each) => [
              each.request,
              safe(each.requester),
              `${each.role} on ${each.resource}`,
              when(each.dueAt),
              each.state === 'done'
                ? `${each.verdict === 'justified' ? paint.green('justified') : paint.red('not justified')} (${safe(each.reviewedBy ?? '')}): ${safe(each.comment ?? '')}`
                : each.state === 'overdue'
                  ? paint.red('overdue')
                  : paint.yellow('open'),
            ]),
            'Nothing waits to be looked at.',
          ),
        );
        if (items.some(({ state }) => state !== 'done')) {
          context.hint('To say: tidegate after-review REQUEST --justified --comment "…" (or --not-justified)');
        }
      }),
    );
  program
    .command('after-review <request>')
    .description('say whether a break-glass was justified')
    .option('--justified', 'it was')
    .option('--not-justified', 'it was not')
    .requiredOption('--comment <text>', 'what you found')
    .action(
      action<[string], { justified?: boolean; comment: string; notJustified?: boolean }>(
        async (context, [id], { justified, notJustified, comment }) => {
          const request = aRequest(id);
          if ((justified === true) === (notJustified === true)) {
            throw new UsageError('Was it justified?', 'Say --justified or --not-justified.');
          }
          const verdict = justified === true ? ('justified' as const) : ('not_justified' as const);
          const said = await context.client().afterReview({ id: request, verdict, comment });
          context.answer(said, () => `${said.request}  ${verdict.replace('_', ' ')}`);
        },
      ),
    );
}
