/** What machines come with: workloads, and API keys. */
import { type ApiKeyView, keyScope } from '@tidegate/contract';
import type { Command } from 'commander';
import { paint } from '../colour.ts';
import { fields, safe, table } from '../layout.ts';
import { anApiKey, aPerson, aTime, UsageError } from '../usage.ts';
import { away, when } from '../views/time.ts';
import { action, all } from './command.ts';

export function machineCommands(program: Command): void {
  program
    .command('workloads')
    .description('pipelines and agents that ask by themselves (auditors, administrators)')
    .action(
      action(async (context) => {
        const { items } = await context.client().workloads();
        context.answer(items, () =>
          table(
            ['NAME', 'RUN BY', 'SIGNS IN BY', 'LAST SEEN'],
            items.map(({ name, runBy, trust, certificates, lastUsedAt }) => [
              safe(name),
              runBy.map(safe).join(', '),
              [...new Set(trust.map(({ issuer }) => issuer)), ...(certificates.length > 0 ? ['certificate'] : [])].join(
                ', ',
              ),
              lastUsedAt === null ? '' : away(lastUsedAt),
            ]),
            'None: “workloads” in the configuration says which.',
          ),
        );
      }),
    );
  keyCommands(program.command('keys').description('API keys, the last resort of machines'));
}

function keyCommands(keys: Command): void {
  keys
    .command('list', { isDefault: true })
    .description('keys that work: yours, or for auditors and administrators everybody’s')
    .option('--all', 'those that are over or revoked, too')
    .option('--person <name>', 'of one person or workload')
    .action(
      action<[], { all?: boolean; person?: string }>(async (context, _, given) => {
        const client = context.client();
        const person = given.person === undefined ? undefined : aPerson(given.person);
        const state = given.all === true ? ('all' as const) : ('open' as const);
        const items = await all((cursor) => client.apiKeys({ cursor, limit: 500, state, person }));
        context.answer(items, () => keysTable(items));
      }),
    );
  keys
    .command('create <name>')
    .description('make one; it is shown this once')
    .requiredOption('--scopes <scopes>', `what it is for, with commas: ${keyScope.options.join(', ')}`)
    .requiredOption('--until <time>', 'when it ends, a year ahead at most: a date, or such as 90d')
    .option('--person <name>', 'whose: a workload, or a person; yourself where left out')
    .action(
      action<[string], { scopes: string; until: string; person?: string }>(async (context, [name], given) => {
        const made = await context.client().createApiKey({
          name,
          scopes: scopesIn(given.scopes),
          expiresAt: endIn(given.until),
          person: given.person === undefined ? undefined : aPerson(given.person),
        });
        context.answer(made, () =>
          fields([
            ['key', paint.bold(made.key)],
            ['id', made.id],
            ['of', safe(made.person)],
            ['ends', when(made.expiresAt)],
          ]),
        );
        context.hint('It is not shown again. Whoever has it acts as its person within its scopes.');
      }),
    );
  keys
    .command('revoke <id>')
    .description('make one worthless, at once')
    .action(
      action<[string], object>(async (context, [text]) => {
        const id = anApiKey(text);
        await context.client().revokeApiKey({ id });
        context.answer({ revoked: id }, () => 'Revoked.');
      }),
    );
}

/** A key lasts longer than any access: days are counted beyond what a duration may be elsewhere. */
function endIn(text: string): string {
  const [, days] = /^(\d{1,3})d$/i.exec(text) ?? [];
  if (days === undefined) return aTime(text, 'future');
  const at = Temporal.Now.instant().add({ hours: Number(days) * 24 });
  return at.toString({ smallestUnit: 'millisecond' });
}

const scopesIn = (text: string) =>
  text.split(',').map((part) => {
    const parsed = keyScope.safeParse(part.trim());
    if (!parsed.success)
      throw new UsageError(`There is no scope “${part.trim()}”.`, `There are: ${keyScope.options.join(', ')}.`);
    return parsed.data;
  });

const keysTable = (items: readonly ApiKeyView[]): string =>
  table(
    ['ID', 'NAME', 'OF', 'SCOPES', 'BEGINS', 'LAST USED', 'ENDS'],
    items.map((key) => [
      key.id,
      safe(key.name),
      safe(key.person),
      key.scopes.join(', '),
      key.prefix,
      key.lastUsedAt === null ? 'never' : away(key.lastUsedAt),
      key.revokedAt === null ? when(key.expiresAt) : paint.red('revoked'),
    ]),
    'None.',
  );
