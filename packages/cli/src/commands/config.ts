/** The configuration: what a file would change, and putting it in force. */
import type { ConfigPlan } from '@tidegate/contract';
import type { Command } from 'commander';
import { paint } from '../colour.ts';
import { standardInput } from '../context.ts';
import { readText } from '../files.ts';
import { fields, safe, table } from '../layout.ts';
import { aCount } from '../usage.ts';
import { when } from '../views/time.ts';
import { action, all } from './command.ts';

const SIGN = { add: paint.green('+'), change: paint.yellow('~'), remove: paint.red('-') } as const;

function planText({ changes, warnings, fromVersion }: ConfigPlan): string {
  const lines = [
    ...changes.map(({ kind, what, detail }) => {
      const more = detail === '' ? '' : `  ${paint.dim(safe(detail))}`;
      return [SIGN[kind], `${safe(what)}${more}`] as const;
    }),
    ...warnings.map((warning) => [paint.yellow('!'), safe(warning)] as const),
  ];
  const none = changes.length === 0 ? [paint.dim(`Nothing would change (version ${fromVersion} is in force).`)] : [];
  return [...none, ...(lines.length === 0 ? [] : [fields(lines)])].join('\n');
}

const read = async (file: string): Promise<string> =>
  file === '-' ? standardInput() : readText(file, 'Give a file with -f, or - for standard input.');

export function configCommands(program: Command): void {
  program
    .command('plan')
    .description('what a configuration file would change; changes nothing')
    .requiredOption('-f, --file <file>', 'the file, or - for standard input')
    .action(
      action<[], { file: string }>(async (context, _, { file }) => {
        const yaml = await read(file);
        const plan = await context.client().planConfig({ yaml });
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
        const which = version === undefined ? null : { version: aCount(version, 0, 999_999_999) };
        const client = context.client();
        const found = which === null ? await client.config() : await client.configVersion(which);
        // To a file exactly as applied; to a terminal nothing that could steer it.
        const lines = found.yaml.trimEnd();
        context.answer(found, () => (context.terminal.watched ? lines.split('\n').map(safe).join('\n') : lines));
      }),
    );
  config
    .command('versions')
    .description('who applied what, when')
    .action(
      action(async (context) => {
        const client = context.client();
        const items = await all((cursor) => client.configVersions({ cursor }));
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
