/** Asking for access, and what becomes of it. */
import type { Command } from 'commander';
import { withMfa } from '../asking.ts';
import { paint } from '../colour.ts';
import { aDuration, aPerson, aRecurrence, aRequest, aResource, aRole, aTime, tablesIn } from '../usage.ts';
import { explanationText, requestsText, requestText } from '../views/access.ts';
import { settled } from '../waiting.ts';
import { action, all, either } from './command.ts';

interface Ask {
  readonly role: string;
  readonly for?: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly only?: readonly string[];
  readonly start?: string;
  readonly breakGlass?: boolean;
  readonly every?: string;
  readonly until?: string;
  readonly timeZone?: string;
  readonly mfaCode?: string;
  readonly wait?: boolean;
}

interface Question {
  readonly role: string;
  readonly for?: string;
  readonly as?: string;
  readonly only?: readonly string[];
  readonly at?: string;
  readonly breakGlass?: boolean;
}

const ONLY = 'these tables alone: sales.orders,sales.customers; again for more (see: tidegate resources tables)';
const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function accessCommands(program: Command): void {
  program
    .command('request <resource>')
    .description('ask for a role on a resource')
    .requiredOption('--role <role>', 'reader, editor, owner, or one of your own')
    .option('--for <duration>', 'how long, as 30m or 2h; the role’s default where left out')
    .option('--reason <text>', 'why')
    .option('--ticket <id>', 'the ticket it belongs to')
    .option('--only <tables>', ONLY, collect)
    .option('--start <time>', 'not before this time: 22:00, “2026-11-22 22:00”, RFC 3339, or 2h from now')
    .option('--every <window>', 'again and again: “tue 22:00”, “mon,wed 06:30”; approved once, each opens by itself')
    .option('--until <time>', 'when such windows end: “2026-12-31”, or 30d from now')
    .option('--time-zone <zone>', 'in which such windows are told; this machine’s where left out')
    .option('--break-glass', 'an emergency: given at once, told to others, looked at afterwards')
    .option('--mfa-code <code>', 'a code of your second factor, where the policy asks for it')
    .option('--wait', 'wait until it is decided and, if approved, can be used; exit code 1 if it was not approved')
    .addHelpText('after', '\nExample: tidegate request orders --role reader --for 30m --reason "order 4711" --wait')
    .action(
      action<[string], Ask>(async (context, [resource], given) => {
        const ask = {
          resource: aResource(resource),
          role: aRole(given.role),
          duration: given.for === undefined ? undefined : aDuration(given.for),
          startsAt: given.start === undefined ? undefined : aTime(given.start, 'future'),
          reason: given.reason,
          ticket: given.ticket,
          only: tablesIn(given.only),
          breakGlass: given.breakGlass,
          recurrence: aRecurrence(given),
        };
        const made = await withMfa(context, given.mfaCode, (client, mfaCode) =>
          client.createRequest({ ...ask, mfaCode }),
        );
        const request = given.wait === true ? await settled(context, made) : made;
        context.answer(request, () => requestText(request));
        if (request.grant?.state === 'active') context.hint(`Now: tidegate connect ${request.resource}`);
        if (request.state === 'pending') context.hint(`To agree: tidegate approve ${request.id}`);
        if (given.wait === true && request.state !== 'approved') process.exitCode = 1;
      }),
    );

  program
    .command('requests [id]')
    .summary('your requests; those that wait for you')
    .description('your requests; those that wait for you; one of them')
    .addOption(either('--mine', 'your own (what is shown where nothing is said)', 'toReview', 'all'))
    .addOption(either('--to-review', 'those you can review', 'mine', 'all'))
    .addOption(either('--all', 'all you may see', 'mine', 'toReview'))
    .action(
      action<[string | undefined], { toReview?: boolean; all?: boolean }>(async (context, [id], given) => {
        const which = id === undefined ? undefined : { id: aRequest(id) };
        const client = context.client();
        if (which !== undefined) {
          const request = await client.request(which);
          context.answer(request, () => requestText(request));
          return;
        }
        const filter = given.toReview === true ? 'to-review' : given.all === true ? 'all' : 'mine';
        const items = await all((cursor) => client.requests({ filter, cursor }));
        const none = { mine: 'You have asked for nothing yet.', 'to-review': 'Nothing waits for you.', all: 'None.' };
        context.answer(items, () => requestsText(items, filter, none[filter]));
        if (filter === 'to-review' && items.length > 0) context.hint('To agree: tidegate approve ID');
      }),
    );

  program
    .command('cancel <request>')
    .description('take a request back')
    .action(
      action<[string], object>(async (context, [id]) => {
        const which = { id: aRequest(id) };
        const request = await context.client().cancelRequest(which);
        context.answer(request, () => `${request.id}  ${paint.dim(request.state)}`);
      }),
    );

  program
    .command('explain <resource>')
    .description('what would be decided and why; who could agree')
    .requiredOption('--role <role>', 'the role')
    .option('--for <duration>', 'how long')
    .option('--as <person>', 'for somebody else (auditors and administrators)')
    .option('--only <tables>', ONLY, collect)
    .option('--at <time>', 'as if it were asked then')
    .option('--break-glass', 'as an emergency')
    .action(
      action<[string], Question>(async (context, [resource], given) => {
        const question = {
          resource: aResource(resource),
          role: aRole(given.role),
          duration: given.for === undefined ? undefined : aDuration(given.for),
          as: given.as === undefined ? undefined : aPerson(given.as),
          only: given.only === undefined ? undefined : JSON.stringify(tablesIn(given.only)),
          at: given.at === undefined ? undefined : aTime(given.at, 'future'),
          breakGlass: given.breakGlass === true ? ('true' as const) : undefined,
        };
        const explanation = await context.client().explain(question);
        context.answer(explanation, () => explanationText(explanation));
      }),
    );
}
