/** The first set-up, and accounts. */
import { createClient, type EntraIdentity, entraIdentity, groupName } from '@tidegate/contract';
import type { Command } from 'commander';
import { ask, askNewPassword } from '../asking.ts';
import { paint } from '../colour.ts';
import { type Context, standardInput } from '../context.ts';
import { safe, table } from '../layout.ts';
import { identitiesCommands } from '../sign-in/identities.ts';
import { aPassword, aPerson, UsageError } from '../usage.ts';
import { away } from '../views/time.ts';
import { action, all, either } from './command.ts';

const groupsOf = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const parsed = groupName.safeParse(part);
      if (!parsed.success) throw new UsageError(`“${part}” is not the name of a group.`);
      return parsed.data;
    });

/** `TENANT/OBJECT`; nothing: nobody. */
function anEntraIdentity(text: string): EntraIdentity | null {
  if (text === '') return null;
  const [tenant, object, ...more] = text.split('/');
  const parsed = entraIdentity.safeParse({ tenant, object });
  if (parsed.success && more.length === 0) return parsed.data;
  throw new UsageError('--entra takes tenant id and object id with a slash between, as Entra ID shows them.');
}

export function peopleCommands(program: Command): void {
  setup(program);
  const command = program.command('people').description('accounts (administrators)');
  identitiesCommands(command);
  command
    .command('list', { isDefault: true })
    .description('everybody')
    .action(
      action(async (context) => {
        const client = context.client();
        const items = await all((cursor) => client.people({ cursor, limit: 500 }));
        context.answer(items, () =>
          table(
            ['NAME', 'SINCE', 'STATE', 'GROUPS'],
            items.map((person) => [
              safe(person.name),
              away(person.createdAt),
              person.disabled ? paint.red('disabled') : 'active',
              person.groups.map(safe).join(', '),
            ]),
            'Nobody.',
          ),
        );
      }),
    );
  command
    .command('add <name>')
    .description('make an account')
    .option('--groups <groups>', 'groups, with commas')
    .option('--password-stdin', 'read the password from standard input')
    .action(
      action<[string], { groups?: string; passwordStdin?: boolean }>(async (context, [name], given) => {
        const person = aPerson(name);
        const groups = given.groups === undefined ? [] : groupsOf(given.groups);
        const client = context.client();
        const password = await newPassword(context, `Password for ${safe(name)}`, given.passwordStdin === true);
        const made = await client.createPerson({ name: person, password, groups });
        context.answer(made, () => `Made ${safe(made.name)}.`);
      }),
    );
  command
    .command('change <name>')
    .description('change an account')
    .option('--groups <groups>', 'its own groups, with commas (those of the configuration stay); "" for none')
    .addOption(either('--disable', 'no sign-in any more; its grants are revoked', 'enable'))
    .addOption(either('--enable', 'sign-in again', 'disable'))
    .option('--entra <tenant/object>', 'who this is in Entra ID, by tid and oid; "" for nobody')
    .option('--reset-mfa', 'forget its second factor')
    .option('--password', 'ask for a new password')
    .option('--password-stdin', 'read a new password from standard input')
    .action(
      action<
        [string],
        {
          groups?: string;
          disable?: boolean;
          enable?: boolean;
          entra?: string;
          resetMfa?: boolean;
          password?: boolean;
          passwordStdin?: boolean;
        }
      >(async (context, [name], given) => {
        const { groups, disable, enable, entra, resetMfa, password, passwordStdin } = given;
        if ([groups, disable, enable, entra, resetMfa, password, passwordStdin].every((option) => option === undefined))
          throw new UsageError('Nothing to change was said.', 'See: tidegate people change --help');
        const person = aPerson(name);
        const change = {
          groups: groups === undefined ? undefined : groupsOf(groups),
          disabled: disable === true ? true : enable === true ? false : undefined,
          entra: entra === undefined ? undefined : anEntraIdentity(entra),
          resetMfa: resetMfa === true ? (true as const) : undefined,
        };
        const client = context.client();
        const changed = await client.changePerson({
          name: person,
          ...change,
          password:
            password === true || passwordStdin === true
              ? await newPassword(context, `New password for ${safe(name)}`, passwordStdin === true)
              : undefined,
        });
        context.answer(changed, () => `Changed ${safe(changed.name)}.`);
      }),
    );
}

const newPassword = async (context: Context, what: string, stdin: boolean): Promise<string> =>
  stdin ? aPassword(await standardInput()) : askNewPassword(context, what, '--password-stdin');

function setup(program: Command): void {
  program
    .command('setup')
    .summary('make the first administrator')
    .description('make the first administrator, once, with the link that a first start printed')
    .requiredOption('--user <name>', 'the administrator’s name')
    .option('--url <url>', 'where Tidegate is, where the link does not say')
    .option('--stdin', 'read the link (or its token) and the new password from standard input, a line each')
    .action(
      action<[], { user: string; url?: string; stdin?: boolean }>(async (context, _, given) => {
        const name = aPerson(given.user);
        const [link = '', typed] =
          given.stdin === true
            ? (await standardInput()).split(/\r?\n/)
            : [await ask(context, 'The link that start printed', { hidden: true, otherwise: '--stdin' })];
        const { url, token } = readLink(link.trim());
        const at = context.url(given.url ?? url);
        const password =
          typed !== undefined ? aPassword(typed) : await askNewPassword(context, 'New password', '--stdin');
        const groups = groupsOf('administrators,auditors');
        const made = await createClient({ url: at }).setup({ token, people: [{ name, password, groups }] });
        context.answer(made, () => `Made ${safe(name)}, of administrators and auditors.`);
        context.hint(`Now: tidegate login --url ${at} --user ${safe(name)}`);
      }),
    );
}

/** `https://…/setup.html#token=…`, or the token alone. */
function readLink(link: string): { url: string | undefined; token: string } {
  const [, origin, token] = /^(https?:\/\/[^/]+)\/.*#token=(.+)$/.exec(link) ?? [];
  if (token !== undefined) return { url: origin, token: decodeURIComponent(token) };
  if (link === '' || link.includes('/')) throw new UsageError('This is not the link that start printed.');
  return { url: undefined, token: link };
}
