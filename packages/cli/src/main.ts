/** The `tidegate` command. Exit codes: 0 done, 1 refused or failed, 2 usage. */
import { Refusal } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { accessCommands } from './commands/access.ts';
import { auditCommands } from './commands/audit.ts';
import { configCommands } from './commands/config.ts';
import { connectCommands } from './commands/connect.ts';
import { identityCommands } from './commands/identity.ts';
import { operateCommands } from './commands/operate.ts';
import { reviewCommands } from './commands/review.ts';
import { serverCommands } from './commands/servers.ts';
import { safe } from './terminal.ts';

const program = new Command('tidegate')
  .description('Just-in-time access to databases: ask, be let in, be on record, be cut off.')
  .option('--profile <name>', 'who you are, where: profiles are made by `login` (or TIDEGATE_PROFILE)')
  .option('--json', 'answer with one JSON value')
  .version('0.1.0')
  .showHelpAfterError('Run with --help to see what it takes.')
  .exitOverride();

for (const add of [
  identityCommands,
  accessCommands,
  reviewCommands,
  connectCommands,
  auditCommands,
  configCommands,
  operateCommands,
  serverCommands,
]) {
  add(program);
}
for (const command of program.commands) command.exitOverride().configureHelp({ showGlobalOptions: true });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Says what went wrong, and gives the exit code for it. Only our own errors are shown as they are. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof TidegateError) {
    process.stderr.write(`${pc.red('✗')} ${safe(error.message)} ${pc.dim(`(${error.code})`)}\n`);
    if (error instanceof Refusal) {
      for (const { path, message, line, column } of error.problem?.errors ?? []) {
        const place = line === undefined ? path : `line ${line}, column ${column ?? 1}`;
        process.stderr.write(`  ${pc.dim(place)}  ${safe(message)}\n`);
      }
    }
    if (error.next !== '') process.stderr.write(`  ${safe(error.next)}\n`);
    return 1;
  }
  process.stderr.write(`${pc.red('✗')} ${safe(error instanceof Error ? error.message : String(error))}\n`);
  return 1;
}
