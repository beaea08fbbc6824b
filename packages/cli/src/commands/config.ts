/** The configuration: what a file would change, and putting it in force. */
import { readFileSync } from 'node:fs';
import type { configPlan } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { z } from 'zod';
import { standardInput } from '../context.ts';
import { safe, table } from '../terminal.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';
import { all } from './identity.ts';

const SIGN = { add: pc.green('+'), change: pc.yellow('~'), remove: pc.red('-') } as const;

function planText({ changes, warnings, fromVersion }: z.infer<typeof configPlan>): string {
  const lines = changes.map(
    ({ kind, what, detail }) => `${SIGN[kind]} ${safe(what)}${detail === '' ? '' : pc.dim(`  ${safe(detail)}`)}`,
  );
  return [
    lines.length === 0 ? pc.dim(`Nothing would change (version ${fromVersion} is in force).`) : lines.join('\n'),
    ...warnings.map((warning) => `${pc.yellow('!')} ${safe(warning)}`),
  ].join('\n');
}

async function read(file: string): Promise<string> {
  if (file === '-') return standardInput();
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TidegateError(
      'invalid_input',
      `${file} cannot be read.`,
      'Give a file with -f, or - for standard input.',
      error,
    );
  }
}

export function configCommands(program: Command): void {
  program
    .command('plan')
    .description('what a configuration file would change; changes nothing')
    .requiredOption('-f, --file <file>', 'the file, or - for standard input')
    .action(
      action<[], { file: string }>(async (context, _, { file }) => {
        const plan = await context.client().planConfig({ yaml: await read(file) });
        context.answer(plan, () => planText(plan));
      }),
    );
  program
    .command('apply')
    .description('put a configuration file in force')
    .requiredOption('-f, --file <file>', 'the file, or - for standard input')
    .option('--plan-id <id>', 'only if it still does what this plan said')
    .action(
      action<[], { file: string; planId?: string }>(async (context, _, { file, planId }) => {
        const client = context.client();
        const yaml = await read(file);
        const plan = await client.planConfig({ yaml });
        if (!context.json) context.terminal.note(planText(plan));
        // What was shown is what is applied: anything that changed in between is refused.
        const applied = await client.applyConfig({ yaml, planId: planId ?? plan.planId });
        context.answer(
          { version: applied.version, appliedBy: applied.appliedBy, appliedAt: applied.appliedAt },
          () => `Version ${applied.version} is in force.`,
        );
      }),
    );

  const config = program.command('config').description('the configuration in force, and those before');
  config
    .command('show [version]', { isDefault: true })
    .description('the file, as it was applied')
    .action(
      action<[string | undefined], object>(async (context, [version]) => {
        const client = context.client();
        const found =
          version === undefined ? await client.config() : await client.configVersion({ version: Number(version) });
        context.answer(found, () => found.yaml.trimEnd());
      }),
    );
  config
    .command('versions')
    .description('who applied what, when')
    .action(
      action(async (context) => {
        const items = await all((cursor) => context.client().configVersions({ cursor }));
        context.answer(items, () =>
          table(
            ['VERSION', 'BY', 'WHEN'],
            items.map((item) => [String(item.version), safe(item.appliedBy), when(item.appliedAt)]),
            'None yet.',
          ),
        );
      }),
    );
}
