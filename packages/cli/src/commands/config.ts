/** The configuration: what a file would change, and putting it in force. */
import type { ConfigPlan } from '@tidegate/contract';
import type { Command } from 'commander';
import { createTwoFilesPatch } from 'diff';
import { paint } from '../colour.ts';
import { readConfig } from '../config-source.ts';
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

export function configCommands(program: Command): void {
  program
    .command('plan')
    .description('what a configuration would change; changes nothing')
    .requiredOption('-f, --file <place>', 'the file, a folder of files, or - for standard input')
    .action(
      action<[], { file: string }>(async (context, _, { file }) => {
        const yaml = await readConfig(file);
        const plan = await context.client().planConfig({ yaml });
        context.answer(plan, () => planText(plan));
      }),
    );
  program
    .command('apply')
    .description('put a configuration in force')
    .requiredOption('-f, --file <place>', 'the file, a folder of files, or - for standard input')
    .option('--plan-id <id>', 'only if it still does what this plan said')
    .action(
      action<[], { file: string; planId?: string }>(async (context, _, { file, planId }) => {
        const client = context.client();
        const yaml = await readConfig(file);
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
  config
    .command('diff <from> [to]')
    .summary('what changed between two versions')
    .description('what changed between two versions, in people’s terms; against the one in force where one is named')
    .option('--text', 'the lines of the files instead')
    .action(
      action<[string, string | undefined], { text?: boolean }>(async (context, [from, to], { text }) => {
        const client = context.client();
        const old = await client.configVersion({ version: aCount(from, 0, 999_999_999) });
        const now = await (to === undefined
          ? client.config()
          : client.configVersion({ version: aCount(to, 0, 999_999_999) }));
        const changes = await changesBetween(old.yaml, now.yaml);
        const lines = createTwoFilesPatch(`version ${old.version}`, `version ${now.version}`, old.yaml, now.yaml);
        context.answer({ from: old.version, to: now.version, changes, patch: lines }, () =>
          text === true
            ? lines.split('\n').map(safe).join('\n')
            : planText({ planId: '', fromVersion: old.version, changes, warnings: [], refused: false }),
        );
      }),
    );
  config
    .command('rollback <version>')
    .summary('put an earlier version in force again')
    .description('put an earlier version in force again, as a new version; says first what that changes')
    .action(
      action<[string], object>(async (context, [version]) => {
        const client = context.client();
        const { yaml } = await client.configVersion({ version: aCount(version, 1, 999_999_999) });
        const plan = await client.planConfig({ yaml });
        if (!context.json) context.terminal.note(planText(plan));
        const applied = await client.applyConfig({ yaml, planId: plan.planId });
        context.answer(
          { version: applied.version, appliedBy: applied.appliedBy, appliedAt: applied.appliedAt },
          () => `Version ${applied.version} is in force: what version ${version} was.`,
        );
      }),
    );
  config
    .command('schema')
    .description('the JSON Schema of configurations, for your editor')
    .action(
      action(async (context) => {
        const { configJsonSchema } = await import('@tidegate/config');
        const schema = configJsonSchema();
        context.answer(schema, () => JSON.stringify(schema, null, 2));
      }),
    );
}

/** Both were in force once: what they hold was checked then. */
async function changesBetween(before: string, after: string): Promise<ConfigPlan['changes']> {
  const { differences, gains, NOTHING_KNOWN, readApplied } = await import('@tidegate/config');
  const [old, now] = [before, after].map((yaml) => readApplied(yaml));
  if (old === undefined || now === undefined) return [];
  return [...differences(old, now), ...(gains(old, now, NOTHING_KNOWN) ?? [])];
}
