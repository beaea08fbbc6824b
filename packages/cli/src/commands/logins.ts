/** Where you, or somebody else, are signed in. */
import type { Command } from 'commander';
import { aLogin, aPerson } from '../usage.ts';
import { loginsTable } from '../views/identity.ts';
import { action, all } from './command.ts';

export function loginCommands(program: Command): void {
  const logins = program.command('logins').description('where you are signed in');
  logins
    .command('list', { isDefault: true })
    .description('every login that is not over; this one stands out')
    .option('--person <name>', 'somebody else’s (administrators)')
    .action(
      action<[], { person?: string }>(async (context, _, given) => {
        const client = context.client();
        const name = given.person === undefined ? null : aPerson(given.person);
        const page = { limit: 500 };
        const items = await all((cursor) =>
          name === null ? client.myLogins({ ...page, cursor }) : client.loginsOf({ ...page, cursor, name }),
        );
        context.answer(items, () => loginsTable(items));
      }),
    );
  logins
    .command('end <id>')
    .description('end one: whoever has it is signed out')
    .option('--person <name>', 'somebody else’s (administrators)')
    .action(
      action<[string], { person?: string }>(async (context, [text], given) => {
        const client = context.client();
        const id = aLogin(text);
        if (given.person === undefined) await client.endMyLogin({ id });
        else await client.endLoginOf({ id, name: aPerson(given.person) });
        context.answer({ ended: id }, () => 'Ended.');
      }),
    );
}
