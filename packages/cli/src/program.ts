/** Every command in one program, and what becomes of its end: exit code 0 done, 1 refused or failed, 2 usage. */
import { type Problem, problem, Refusal } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { paint } from './colour.ts';
import { accessCommands } from './commands/access.ts';
import { auditCommands } from './commands/audit.ts';
import { configCommands } from './commands/config.ts';
import { connectCommands } from './commands/connect.ts';
import { deputyCommands } from './commands/deputies.ts';
import { grantCommands } from './commands/grants.ts';
import { identityCommands } from './commands/identity.ts';
import { machineCommands } from './commands/machines.ts';
import { noticeCommands } from './commands/notices.ts';
import { operateCommands } from './commands/operate.ts';
import { peopleCommands } from './commands/people.ts';
import { policyCommands } from './commands/policy.ts';
import { reviewCommands } from './commands/review.ts';
import { serverCommands } from './commands/servers.ts';
import { columns, fields, safe, wrap } from './layout.ts';
import { terminal } from './terminal.ts';
import { Interrupted, UsageError } from './usage.ts';

/** By what they are for, in the order in which a newcomer needs them. */
const GROUPS: readonly (readonly [heading: string, ...add: ((program: Command) => void)[]])[] = [
  ['Who you are', identityCommands],
  ['Asking', accessCommands, noticeCommands],
  ['Reviewing', reviewCommands, deputyCommands],
  ['Going in', connectCommands],
  ['Grants and sessions', grantCommands],
  ['The record', auditCommands],
  ['Administering', configCommands, policyCommands, operateCommands, peopleCommands, machineCommands],
  ['Running Tidegate', serverCommands],
];

export function tidegate(): Command {
  const program = new Command('tidegate')
    .description('Just-in-time access to databases: ask, be let in, be on record, be cut off.')
    .option('--profile <name>', 'who you are, where; `login` makes it (or TIDEGATE_PROFILE)')
    .option('--json', 'answer with one JSON value')
    .version(packageJson.version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, subcommandTerm })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, `✗ `)) });
  for (const [heading, ...groups] of GROUPS) {
    program.commandsGroup(`${heading}:`);
    for (const add of groups) add(program);
  }
  program.helpCommand('help [command]', 'what a command takes');
  sayWhereHelpIs(program);
  return program;
}

function sayWhereHelpIs(command: Command, path = ''): void {
  const name = `${path}${command.name()}`;
  command.showHelpAfterError(`  See: ${name} --help`);
  for (const child of command.commands) sayWhereHelpIs(child, `${name} `);
}

/** Name and arguments: that a command takes options goes without saying, and says too much at 80 columns. */
function subcommandTerm(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const shown = `${argument.name()}${argument.variadic ? '…' : ''}`;
    return argument.required ? `<${shown}>` : `[${shown}]`;
  });
  return [command.name(), ...args].join(' ');
}

/** Runs one command line (`process.argv`'s form) and answers the exit code; never throws. */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const program = tidegate();
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return explain(error, terminal(env).note);
  }
}

/** What follows the first line stands under its words. */
const INDENT = '  ';
const indented = (text: string): string => text.replaceAll('\n', `\n${INDENT}`);

/** Says what went wrong, and gives the exit code for it. Only our own errors are shown as they are. */
function explain(error: unknown, note: (text: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const room = columns(process.stderr);
  const message = safe(error instanceof Error ? error.message : String(error));
  if (error instanceof Interrupted) {
    note(paint.dim(wrap(message, room)));
    return 130;
  }
  const usage = error instanceof UsageError;
  const code = error instanceof TidegateError && !usage ? ` ${paint.dim(`(${error.code})`)}` : '';
  const next = error instanceof TidegateError ? safe(error.next) : '';
  note(`${paint.red('✗')} ${indented(wrap(`${message}${code}`, room - INDENT.length))}`);
  for (const more of [placesOf(error, room - INDENT.length), wrap(next, room - INDENT.length)]) {
    if (more !== '') note(`${INDENT}${indented(more)}`);
  }
  return usage ? 2 : 1;
}

/** Told by the server, or found here (a configuration that was read without one). */
function problemsOf(error: unknown): NonNullable<Problem['errors']> {
  if (error instanceof Refusal) return error.problem?.errors ?? [];
  const found = problem.shape.errors.safeParse(
    error instanceof TidegateError ? Reflect.get(error, 'problems') : undefined,
  );
  return found.success ? (found.data ?? []) : [];
}

/** Where a configuration or an input is wrong, when that is more than one place. */
function placesOf(error: unknown, room: number): string {
  const errors = problemsOf(error);
  if (errors.length < 2) return '';
  const place = ({ path, line, column, file }: (typeof errors)[number]): string =>
    line === undefined ? path : `${file === undefined ? '' : `${safe(file)} `}line ${line}, column ${column ?? 1}`;
  return fields(
    errors.map((each) => [place(each), safe(each.message)] as const),
    room,
  );
}
