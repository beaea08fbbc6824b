/** A policy under test: expected decisions, here and without a server; and what it would have said to past requests. */
import type { Command } from 'commander';
import { paint } from '../colour.ts';
import { readConfig } from '../config-source.ts';
import { readText } from '../files.ts';
import { fields, safe } from '../layout.ts';
import { aTime } from '../usage.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';

export function policyCommands(program: Command): void {
  const policy = program.command('policy').description('a policy under test');
  policy
    .command('test <tests>')
    .summary('hold a file of expected decisions against a configuration')
    .description('hold a file of expected decisions against a configuration; needs no server and no login')
    .requiredOption('-f, --file <place>', 'the configuration: a file, a folder, or - for standard input')
    .action(
      action<[string], { file: string }>(async (context, [tests], { file }) => {
        // Loaded when it is needed: no other command reads configurations here.
        const { parseOffline, runPolicyTests } = await import('@tidegate/config');
        const config = parseOffline(await readConfig(file));
        const results = runPolicyTests(config, readText(tests, 'Give a file of tests.'));
        const failed = results.filter(({ passed }) => !passed);
        context.answer({ passed: results.length - failed.length, failed: failed.length, tests: results }, () =>
          [
            ...results.map(({ name, passed, differences, why }) =>
              passed
                ? `${paint.green('✓')} ${safe(name)}`
                : [`${paint.red('✗')} ${safe(name)}`, ...[...differences, why].map((each) => `  ${safe(each)}`)].join(
                    '\n',
                  ),
            ),
            `${results.length - failed.length} passed, ${failed.length} failed`,
          ].join('\n'),
        );
        if (failed.length > 0) process.exitCode = 1;
      }),
    );
  policy
    .command('simulate')
    .summary('what a configuration would have said to past requests')
    .description('what a configuration would have said to past requests: those it would decide otherwise')
    .requiredOption('-f, --file <place>', 'the configuration: a file, a folder, or - for standard input')
    .option('--since <time>', 'requests since then', '30d')
    .action(
      action<[], { file: string; since: string }>(async (context, _, { file, since }) => {
        const yaml = await readConfig(file);
        const found = await context.client().simulateConfig({ yaml, since: aTime(since, 'past') });
        const count = found.different.length + found.more;
        context.answer(found, () =>
          [
            fields(
              found.different.map(
                ({ id, requester, role, resource, at, was, would }) =>
                  [
                    id,
                    `${safe(requester)}, ${role} on ${resource}, ${when(at)}: ${safe(was)} → ${paint.bold(safe(would))}`,
                  ] as const,
              ),
            ),
            `Of ${found.requests} requests, ${count} would be decided otherwise.`,
            fields(
              found.refused.allowed.map(
                ({ requester, role, resource, at, was, would }) =>
                  [
                    'refused',
                    `${safe(requester)}, ${role} on ${resource}, ${when(at)}: ${safe(was)} → ${paint.bold(safe(would))}`,
                  ] as const,
              ),
            ),
            `Of ${found.refused.asks} refused asks, ${found.refused.allowed.length + found.refused.more} would be allowed.`,
            ...(found.complete ? [] : [paint.dim('Older ones were not looked at.')]),
          ]
            .filter((line) => line !== '')
            .join('\n'),
        );
      }),
    );
}
