/** `tidegate people identities|link|unlink`: who a person is at identity providers. */
import type { IdentityView } from '@tidegate/contract';
import type { Command } from 'commander';
import { action } from '../commands/command.ts';
import { safe, table } from '../layout.ts';
import { aPerson } from '../usage.ts';
import { away } from '../views/time.ts';

interface At {
  readonly provider: string;
  readonly subject: string;
}

export function identitiesCommands(people: Command): void {
  people
    .command('identities <name>')
    .description('who somebody is at identity providers')
    .action(
      action<[string], object>(async (context, [name]) => {
        const { items } = await context.client().identities({ name: aPerson(name) });
        context.answer(items, () => identitiesTable(items));
      }),
    );
  atProvider(people, 'link <name>', 'say that somebody at an identity provider is this person').action(
    action<[string], At>(async (context, [name], { provider, subject }) => {
      const { items } = await context.client().linkIdentity({ name: aPerson(name), provider, subject });
      context.answer(items, () => identitiesTable(items));
    }),
  );
  atProvider(people, 'unlink <name>', 'take that back').action(
    action<[string], At>(async (context, [name], { provider, subject }) => {
      await context.client().unlinkIdentity({ name: aPerson(name), provider, subject });
      context.answer({ unlinked: true }, () => 'Unlinked: whoever signs in there is somebody else from now on.');
    }),
  );
}

const atProvider = (people: Command, name: string, description: string): Command =>
  people
    .command(name)
    .description(description)
    .requiredOption('--provider <name>', 'the identity provider')
    .requiredOption('--subject <subject>', 'who it is there: sub, with Entra ID the oid');

const identitiesTable = (identities: readonly IdentityView[]): string =>
  table(
    ['PROVIDER', 'SUBJECT', 'LAST SEEN', 'LINKED BY', 'GROUPS THERE'],
    identities.map(({ provider, subject, lastSeenAt, linkedBy, groups }) => [
      safe(provider),
      safe(subject),
      lastSeenAt === null ? 'never' : away(lastSeenAt),
      linkedBy === null ? '–' : safe(linkedBy),
      groups.map(safe).join(', '),
    ]),
    'Nobody, at none.',
  );
