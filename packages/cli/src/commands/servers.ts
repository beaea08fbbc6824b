/** Running Tidegate itself; the servers are loaded only here. */
import { readFileSync } from 'node:fs';
import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import pc from 'picocolors';
import { action } from './command.ts';

export function serverCommands(program: Command): void {
  program
    .command('start')
    .description(
      'run everything in one place: control plane, gateway, web, an embedded store, and a demo on an empty home',
    )
    .option('--no-demo', 'start empty, with a one-time link that makes the first administrator')
    .action(
      action<[], { demo: boolean }>(async (context, _, { demo }) => {
        const { start } = await import('../start/start.ts');
        const ended = endSignal();
        const starting = start({ demo, env: context.env, say: (line) => context.terminal.out(line) });
        const interrupted = await Promise.race([starting.then(() => false), ended.then(() => true)]);
        const running = await starting;
        if (interrupted) return running.stop();
        context.terminal.out(`ready ${running.url}`);
        await ended;
        context.terminal.note(pc.dim('Stopping …'));
        await running.stop();
      }),
    );

  program
    .command('control')
    .description('run a control plane alone (store: TIDEGATE_DATABASE_URL, or an embedded one)')
    .action(
      action(async (context) => {
        const { runControl } = await import('../start/alone.ts');
        await runControl(context.env, endSignal(), (line) => context.terminal.out(line));
      }),
    );

  program
    .command('gateway')
    .description('run a gateway alone; the first time it needs a join token (tidegate gateways join-token NAME)')
    .option('--join-file <file>', 'a file that holds the join token; or set TIDEGATE_JOIN_TOKEN')
    .action(
      action<[], { joinFile?: string }>(async (context, _, { joinFile }) => {
        const { runGateway } = await import('../start/alone.ts');
        const env = joinFile === undefined ? context.env : { ...context.env, TIDEGATE_JOIN_TOKEN: token(joinFile) };
        await runGateway(env, endSignal(), (line) => context.terminal.out(line));
      }),
    );

  program
    .command('tour')
    .description('the whole cycle, told step by step, on a private instance (or a running demo with --url)')
    .option('--url <url>', 'a running demo; needs TIDEGATE_DEMO_PASSWORD')
    .action(
      action<[], { url?: string }>(async (context, _, { url }) => {
        const { tour } = await import('../tour/tour.ts');
        await tour(context, url);
      }),
    );
}

function token(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new TidegateError('invalid_input', `${file} cannot be read.`, 'Put the join token into it.', error);
  }
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one is the default again. */
function endSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
