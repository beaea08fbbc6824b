/** Running Tidegate itself; the servers are loaded only here. */
import type { Command } from 'commander';
import { readText } from '../files.ts';
import { action } from './command.ts';

export function serverCommands(program: Command): void {
  program
    .command('start')
    .summary('run everything in one place')
    .description(
      'run everything in one place: control plane, gateway, web, an embedded store, and a demo on an empty home',
    )
    .option('--no-demo', 'start empty, with a one-time link that makes the first administrator')
    .action(
      action<[], { demo: boolean }>(async (context, _, { demo }) => {
        const { startHere } = await import('../start/here.ts');
        await startHere(context, demo, endSignal());
      }),
    );

  program
    .command('control')
    .summary('run a control plane alone')
    .description('run a control plane alone (store: TIDEGATE_DATABASE_URL, or an embedded one)')
    .action(
      action(async (context) => {
        const { runControl } = await import('../start/alone.ts');
        await runControl(context.env, endSignal(), (line) => context.terminal.out(line));
      }),
    );

  program
    .command('gateway')
    .summary('run a gateway alone')
    .description('run a gateway alone; the first time it needs a join token (tidegate gateways join-token NAME)')
    .option('--join-file <file>', 'a file that holds the join token; or set TIDEGATE_JOIN_TOKEN')
    .action(
      action<[], { joinFile?: string }>(async (context, _, { joinFile }) => {
        const { runGateway } = await import('../start/alone.ts');
        const env =
          joinFile === undefined
            ? context.env
            : { ...context.env, TIDEGATE_JOIN_TOKEN: readText(joinFile, 'Put the join token into it.').trim() };
        await runGateway(env, endSignal(), (line) => context.terminal.out(line));
      }),
    );

  program
    .command('tour')
    .summary('the whole cycle, told step by step')
    .description('the whole cycle, told step by step, on a private instance (or a running demo with --url)')
    .option('--url <url>', 'a running demo; needs TIDEGATE_DEMO_PASSWORD')
    .action(
      action<[], { url?: string }>(async (context, _, { url }) => {
        const { tour } = await import('../tour/tour.ts');
        await tour(context, url, endSignal());
      }),
    );
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one is the default again. */
function endSignal(): Promise<void> {
  // A terminal or pipe that goes away must not keep a server from running, nor from ending as it should.
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners('error').on('error', () => undefined);
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
