/** Grants and the sessions under them: looking, extending, giving back, taking away. */
import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import { safe, table } from '../layout.ts';
import { aDuration, aGrant, aPerson, aResource, aSession, aTicket, UsageError } from '../usage.ts';
import { grantDetails, grantsText, grantText, requestText, sessionsText } from '../views/access.ts';
import { settled } from '../waiting.ts';
import { action, all } from './command.ts';

export function grantCommands(program: Command): void {
  program
    .command('grants [id]')
    .summary('open grants')
    .description('open grants; with --all, closed ones too; one of them')
    .option('--all', 'closed ones too')
    .option('--person <name>', 'of one person')
    .option('--resource <name>', 'on one resource')
    .action(
      action<[string | undefined], { all?: boolean; person?: string; resource?: string }>(
        async (context, [id], given) => {
          const which = id === undefined ? undefined : { id: aGrant(id) };
          if (which !== undefined) {
            const grant = await context.client().grant(which);
            context.answer(grant, () => grantDetails(grant));
            return;
          }
          const filter = {
            state: given.all === true ? ('all' as const) : ('open' as const),
            person: given.person === undefined ? undefined : aPerson(given.person),
            resource: given.resource === undefined ? undefined : aResource(given.resource),
          };
          const client = context.client();
          const items = await all((cursor) => client.grants({ ...filter, cursor }));
          context.answer(items, () => grantsText(items, given.all === true ? 'No grants.' : 'No grants are open.'));
        },
      ),
    );

  program
    .command('extend <grant>')
    .summary('ask for more time')
    .description('ask for more time; open sessions go on without a gap')
    .requiredOption('--for <duration>', 'how much longer')
    .option('--reason <text>', 'why; as it was first given where left out')
    .option('--wait', 'wait until it is decided')
    .action(
      action<[string], { for: string; reason?: string; wait?: boolean }>(async (context, [id], given) => {
        const ask = { id: aGrant(id), duration: aDuration(given.for), reason: given.reason };
        const made = await context.client().extendGrant(ask);
        const request = given.wait === true ? await settled(context, made) : made;
        context.answer(request, () => requestText(request));
        if (request.state === 'pending') context.hint(`To agree: tidegate approve ${request.id}`);
        if (given.wait === true && request.state !== 'approved') process.exitCode = 1;
      }),
    );

  program
    .command('relinquish <grant>')
    .description('give your grant back before its end')
    .action(
      action<[string], object>(async (context, [id]) => {
        const which = { id: aGrant(id) };
        const grant = await context.client().relinquishGrant(which);
        context.answer(grant, () => grantText(grant));
      }),
    );

  program
    .command('revoke <grant>')
    .description('take a grant away: its sessions end at once')
    .requiredOption('--reason <text>', 'why; its person is told')
    .action(
      action<[string], { reason: string }>(async (context, [id], { reason }) => {
        const which = { id: aGrant(id), reason };
        const grant = await context.client().revokeGrant(which);
        context.answer(grant, () => grantText(grant));
      }),
    );

  program
    .command('outgrown')
    .summary('open grants that today’s policy would not give')
    .description('open grants that today’s policy would not give: let them go on (keep), or take them away (revoke)')
    .action(
      action(async (context) => {
        const { items } = await context.client().outgrownGrants();
        context.answer(items, () =>
          table(
            ['GRANT', 'WHO', 'WHAT', 'KEPT BY', 'WHY NOT'],
            items.map(({ grant, why, kept }) => [
              grant.id,
              safe(grant.person),
              `${grant.role} on ${grant.resource}`,
              kept === null ? '' : safe(kept.by),
              safe(why),
            ]),
            'Today’s policy gives every open grant.',
          ),
        );
        if (items.some(({ kept }) => kept === null))
          context.hint('To decide: tidegate keep ID --comment "…" or tidegate revoke ID --reason "…"');
      }),
    );

  program
    .command('keep <grant>')
    .description('let a grant go on that today’s policy would not give')
    .requiredOption('--comment <text>', 'why')
    .action(
      action<[string], { comment: string }>(async (context, [id], { comment }) => {
        const kept = await context.client().keepGrant({ id: aGrant(id), comment });
        context.answer(kept, () => grantText(kept.grant));
      }),
    );

  program
    .command('revoke-ticket <grant> <ticket>')
    .summary('make one ticket of a grant worthless')
    .description('make one ticket of a grant worthless, say because its password was seen')
    .action(
      action<[string, string], object>(async (context, [grant, ticket]) => {
        const which = { id: aGrant(grant), ticket: aTicket(ticket) };
        await context.client().revokeTicket(which);
        context.answer({ revoked: ticket }, () => `Ticket ${ticket} lets nobody in any more.`);
      }),
    );

  sessions(program);
}

function sessions(program: Command): void {
  program
    .command('sessions [id]')
    .summary('open sessions')
    .description('open sessions; with --all, past ones too; with the id of a session or grant, those alone')
    .option('--all', 'past ones too')
    .option('--cut <reason>', 'end the session with this id now, telling its client why')
    .action(
      action<[string | undefined], { all?: boolean; cut?: string }>(async (context, [id], given) => {
        if (given.cut !== undefined) {
          if (id === undefined) throw new UsageError('Which session?', 'tidegate sessions ID --cut "why"');
          const which = { id: aSession(id), reason: given.cut };
          await context.client().cutSession(which);
          context.answer({ cut: id }, () => `${id} is being cut.`);
          return;
        }
        const state = given.all === true || id !== undefined ? 'all' : 'open';
        const session = id?.startsWith('ses_') === true ? aSession(id) : undefined;
        const grant = id === undefined || session !== undefined ? undefined : aGrant(id);
        const client = context.client();
        const items = await all((cursor) => client.sessions({ state, grant, cursor }));
        const found = session === undefined ? items : items.filter((one) => one.id === session);
        if (session !== undefined && found.length === 0)
          throw new TidegateError('not_found', `There is no session ${session}.`, 'See: tidegate sessions --all');
        context.answer(found, () => sessionsText(found));
      }),
    );
}
