/** Resources, gateways, findings: what those who run Tidegate look at. */
import type { ResourceView } from '@tidegate/contract';
import type { Command } from 'commander';
import { ask } from '../asking.ts';
import { paint } from '../colour.ts';
import { standardInput } from '../context.ts';
import { fields, safe, table } from '../layout.ts';
import { aDuration, aResource } from '../usage.ts';
import { away, length, when } from '../views/time.ts';
import { action, all } from './command.ts';

const HEALTH = { ok: paint.green, failing: paint.red, unknown: paint.dim } as const;

type RoleView = ResourceView['roles'][number];

/** A role with lines that has none here gives nothing on this engine, and is left out. */
function roleText({ name, privileges, lines, defaultDuration, maxDuration }: RoleView): string[] {
  const times = `${length(defaultDuration)}, at most ${length(maxDuration)}`;
  if (privileges !== 'lines') return [`${name} (${privileges}, ${times})`];
  return lines.length === 0 ? [] : [`${name} (${times}):`, ...lines.map((line) => `  ${safe(line)}`)];
}

const some = (columns: readonly string[]): string =>
  columns.length > 8 ? `${columns.slice(0, 8).join(', ')} and ${columns.length - 8} more` : columns.join(', ');

export function operateCommands(program: Command): void {
  const resources = program.command('resources').description('databases under just-in-time control');
  resources
    .command('list', { isDefault: true })
    .description('all of them')
    .action(
      action(async (context) => {
        const { items } = await context.client().resources();
        context.answer(items, () =>
          table(
            ['NAME', 'HEALTH', 'ENGINE', 'DATABASES', 'ROLES', 'LABELS'],
            items.map((resource) => [
              paint.bold(resource.name),
              HEALTH[resource.health.state](resource.health.state),
              resource.engine,
              resource.databases.map(safe).join(', '),
              resource.roles.map((role) => role.name).join(', '),
              Object.entries(resource.labels)
                .map(([key, value]) => safe(`${key}=${value}`))
                .join(' '),
            ]),
            'No resources yet: tidegate apply -f FILE',
          ),
        );
      }),
    );
  resources
    .command('show <name>')
    .description('one of them')
    .action(
      action<[string], object>(async (context, [name]) => {
        const which = { name: aResource(name) };
        const resource = await context.client().resource(which);
        const { health } = resource;
        context.answer(resource, () =>
          fields([
            ['resource', `${paint.bold(resource.name)} (${resource.engine} at ${safe(resource.address)})`],
            ['databases', resource.databases.map(safe).join(', ')],
            ['owners', resource.owners.map(safe).join(', ')],
            ['roles', resource.roles.flatMap(roleText).join('\n')],
            [
              'health',
              [
                `${HEALTH[health.state](health.state)}${health.checkedAt === null ? '' : `, seen ${when(health.checkedAt)}`}`,
                safe(health.detail),
              ].join('\n'),
            ],
            ['gateway', resource.gateway === null ? paint.red('none') : safe(resource.gateway)],
            ['open grants', String(resource.openGrants)],
          ]),
        );
      }),
    );
  resources
    .command('tables <name>')
    .description('its tables and views, which a request can be narrowed to with --only')
    .action(
      action<[string], object>(async (context, [name]) => {
        const which = { name: aResource(name) };
        const seen = await context.client().resourceObjects(which);
        context.answer(seen, () =>
          table(
            ['DATABASE', 'TABLE', 'KIND', 'COLUMNS'],
            seen.tables.map((each) => [safe(each.database), safe(each.only), each.kind, some(each.columns.map(safe))]),
            'No tables.',
          ),
        );
        if (seen.more) context.hint('There are more than are shown.');
      }),
    );
  resources
    .command('credential <name>')
    .description('store the password of the resource’s administrator, sealed (for `credential: stored`)')
    .option('--password-stdin', 'read it from standard input')
    .action(
      action<[string], { passwordStdin?: boolean }>(async (context, [name], given) => {
        const known = aResource(name);
        const client = context.client();
        const password =
          given.passwordStdin === true
            ? await standardInput()
            : await ask(context, `Password of ${known}’s administrator`, {
                hidden: true,
                otherwise: '--password-stdin',
              });
        await client.setCredential({ name: known, password });
        context.answer({ stored: true }, () => 'Stored, sealed. The gateway takes it from now on.');
      }),
    );

  resources
    .command('give-up <name>')
    .description('for a server that is gone for good: close grants that wait for it, so that it can be removed')
    .requiredOption('--reason <text>', 'why; it stands on record')
    .action(
      action<[string], { reason: string }>(async (context, [name], { reason }) => {
        const given = await context.client().giveUpResource({ name: aResource(name), reason });
        const count = given.grants.length;
        context.answer(given, () =>
          count === 0
            ? 'No grant waits for this resource: it can be removed as it is.'
            : `Closed ${count === 1 ? 'one grant' : `${count} grants`} without the server: ${given.grants.join(', ')}.`,
        );
        if (count > 0) context.hint('Principals may be left there, see: tidegate findings');
      }),
    );

  const gateways = program.command('gateways').description('gateways, and letting new ones join');
  gateways
    .command('list', { isDefault: true })
    .description('all of them')
    .action(
      action(async (context) => {
        const { items } = await context.client().gateways();
        context.answer(items, () =>
          table(
            ['NAME', 'LINK', 'VERSION', 'SPOOL', 'LISTENS'],
            items.map((gateway) => [
              paint.bold(safe(gateway.name)),
              gateway.connected ? paint.green('connected') : paint.red(`away, seen ${away(gateway.lastSeenAt)}`),
              gateway.version,
              gateway.spool === null
                ? ''
                : `${(gateway.spool.bytes / 1e6).toFixed(1)} of ${(gateway.spool.limitBytes / 1e6).toFixed(0)} MB`,
              gateway.listeners.map(({ engine, host, port }) => `${engine} ${host}:${port}`).join(', '),
            ]),
            'No gateways.',
          ),
        );
      }),
    );
  gateways
    .command('join-token <name>')
    .description('a token with which one new gateway may join, once')
    .option('--valid-for <duration>', 'how long it may be used', '1h')
    .action(
      action<[string], { validFor: string }>(async (context, [name], { validFor }) => {
        const wanted = { name, validFor: aDuration(validFor) };
        const made = await context.client().createJoinToken(wanted);
        context.answer(made, () => made.token);
        context.hint(`Start it with TIDEGATE_JOIN_TOKEN set to this; it serves once, until ${when(made.expiresAt)}.`);
      }),
    );

  gateways
    .command('revoke <name>')
    .description('take one out: its identity is refused from now on, its sessions are cut')
    .requiredOption('--reason <text>', 'why; it stands on record')
    .action(
      action<[string], { reason: string }>(async (context, [name], { reason }) => {
        const revoked = await context.client().revokeGateway({ name, reason });
        const cut = revoked.sessions === 1 ? 'one session is' : `${revoked.sessions} sessions are`;
        context.answer(revoked, () => `Gateway ${safe(revoked.name)} is revoked; ${cut} cut.`);
        context.hint('To let it in again: tidegate gateways join-token NAME');
      }),
    );

  const findings = program.command('findings').description('access left behind in databases');
  findings
    .command('list', { isDefault: true })
    .description('those that are not mended')
    .option('--all', 'those mended too')
    .action(
      action<[], { all?: boolean }>(async (context, _, given) => {
        const items = await all((cursor) =>
          context.client().findings({ state: given.all === true ? 'all' : 'open', cursor }),
        );
        context.answer(items, () =>
          table(
            ['ID', 'WHAT', 'RESOURCE', 'PRINCIPAL', 'FOUND', 'MENDED', 'DETAIL'],
            items.map((finding) => [
              finding.id,
              finding.kind.replaceAll('_', ' '),
              finding.resource,
              safe(finding.principal),
              away(finding.foundAt),
              finding.resolvedAt === null ? paint.red('not yet') : away(finding.resolvedAt),
              safe(finding.detail),
            ]),
            'No findings.',
          ),
        );
      }),
    );
  findings
    .command('resolve <id>')
    .description('call one mended, by hand: for those that no gateway will see gone')
    .requiredOption('--reason <text>', 'why; it stands on record')
    .action(
      action<[string], { reason: string }>(async (context, [id], { reason }) => {
        const resolved = await context.client().resolveFinding({ id, reason });
        const { kind, principal, resource } = resolved;
        context.answer(
          resolved,
          () => `Mended, says the record: ${kind.replaceAll('_', ' ')} ${safe(principal)} on ${resource}.`,
        );
        context.hint('What a gateway still sees comes back as a new finding.');
      }),
    );
}
