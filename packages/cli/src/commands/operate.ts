/** Resources, gateways, findings: what those who run Tidegate look at. */
import { resourceName } from '@tidegate/contract';
import { durationText, parseDuration } from '@tidegate/core';
import type { Command } from 'commander';
import pc from 'picocolors';
import { standardInput } from '../context.ts';
import { fields, safe, table } from '../terminal.ts';
import { length, when } from '../views/time.ts';
import { typed } from './access.ts';
import { action } from './command.ts';
import { all, ask } from './identity.ts';

const HEALTH = { ok: pc.green, failing: pc.red, unknown: pc.dim } as const;

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
            ['NAME', 'ENGINE', 'DATABASES', 'LABELS', 'ROLES', 'HEALTH'],
            items.map((resource) => [
              pc.bold(resource.name),
              resource.engine,
              resource.databases.map(safe).join(', '),
              Object.entries(resource.labels)
                .map(([key, value]) => safe(`${key}=${value}`))
                .join(' '),
              resource.roles.map((role) => role.name).join(', '),
              HEALTH[resource.health.state](resource.health.state),
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
        const resource = await context.client().resource({ name: typed(resourceName, name, 'the name of a resource') });
        const { health } = resource;
        context.answer(resource, () =>
          fields([
            ['resource', `${pc.bold(resource.name)} (${resource.engine} at ${safe(resource.address)})`],
            ['databases', resource.databases.map(safe).join(', ')],
            ['owners', resource.owners.map(safe).join(', ')],
            [
              'roles',
              resource.roles
                .map(
                  (role) =>
                    `${role.name} (${role.privileges}, ${length(role.defaultDuration)}, at most ${length(role.maxDuration)})`,
                )
                .join('\n'),
            ],
            [
              'health',
              `${HEALTH[health.state](health.state)} ${safe(health.detail)}${health.checkedAt === null ? '' : `, ${when(health.checkedAt)}`}`,
            ],
            ['open grants', String(resource.openGrants)],
          ]),
        );
      }),
    );
  resources
    .command('credential <name>')
    .description('store the password of the resource’s administrator, sealed (for `credential: stored`)')
    .option('--password-stdin', 'read it from standard input')
    .action(
      action<[string], { passwordStdin?: boolean }>(async (context, [name], given) => {
        const password =
          given.passwordStdin === true
            ? await standardInput()
            : await ask(context, `Administrator password of ${name}`, true);
        await context.client().setCredential({ name: typed(resourceName, name, 'the name of a resource'), password });
        context.answer({ stored: true }, () => 'Stored.');
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
            ['NAME', 'LINK', 'LISTENS', 'SPOOL', 'VERSION'],
            items.map((gateway) => [
              pc.bold(safe(gateway.name)),
              gateway.connected ? pc.green('connected') : pc.red(`last seen ${when(gateway.lastSeenAt)}`),
              gateway.listeners.map(({ engine, host, port }) => `${engine} ${host}:${port}`).join(', '),
              gateway.spool === null
                ? ''
                : `${(gateway.spool.bytes / 1e6).toFixed(1)} of ${(gateway.spool.limitBytes / 1e6).toFixed(0)} MB`,
              gateway.version,
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
        const made = await context.client().createJoinToken({ name, validFor: durationText(parseDuration(validFor)) });
        context.answer(made, () => made.token);
        if (!context.json)
          context.terminal.note(
            pc.dim(`Start it with TIDEGATE_JOIN_TOKEN set to this; it serves once, until ${when(made.expiresAt)}.`),
          );
      }),
    );

  program
    .command('findings')
    .description('access left behind in databases')
    .option('--all', 'those mended too')
    .action(
      action<[], { all?: boolean }>(async (context, _, given) => {
        const items = await all((cursor) =>
          context.client().findings({ state: given.all === true ? 'all' : 'open', cursor }),
        );
        context.answer(items, () =>
          table(
            ['WHAT', 'RESOURCE', 'PRINCIPAL', 'FOUND', 'MENDED', 'DETAIL'],
            items.map((finding) => [
              finding.kind.replaceAll('_', ' '),
              finding.resource,
              safe(finding.principal),
              when(finding.foundAt),
              finding.resolvedAt === null ? pc.red('not yet') : when(finding.resolvedAt),
              safe(finding.detail),
            ]),
            'No findings.',
          ),
        );
      }),
    );
}
