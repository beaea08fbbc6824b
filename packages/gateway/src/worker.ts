/**
 * The relay worker: a process of its own that main forks (see worker-protocol.ts). Here it is wired: the channel to
 * main, the spool, the relay. What can't be helped ends the process: its sessions die with it, and main starts another.
 */
import { Buffer } from 'node:buffer';
import { createHmac, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { engineOf } from './engines/engines.ts';
import { Spool } from './record/spool.ts';
import { ControlClock, systemClock } from './relay/clock.ts';
import { DEFAULT_LIMITS, type Limits } from './relay/limits.ts';
import type { Log } from './relay/log.ts';
import { type Init, Relay } from './relay/relay.ts';
import type { MainPort, ToWorker } from './worker-protocol.ts';

export interface WorkerOptions {
  readonly main: MainPort;
  readonly log: Log;
  readonly limits?: Limits;
  /** Ends the process; the last call. */
  readonly exit: (code: number) => void;
}

export function startWorker({ main, log, limits = DEFAULT_LIMITS, exit }: WorkerOptions): void {
  let running: { readonly relay: Relay; readonly spool: Spool } | null = null;
  let ending: Promise<void> | null = null;

  const begin = async (init: Init): Promise<void> => {
    const control = new ControlClock(systemClock);
    const hashKey = Buffer.from(init.spool.hashKey, 'base64');
    const spool = new Spool({ ...init.spool, hashKey, controlNow: () => control.now() });
    const mockSecret = createHmac('sha256', hashKey).update('unknown login names').digest();
    const loading = init.listeners.map(({ engine }) => engineOf(engine).relay(mockSecret));
    const engines = new Map((await Promise.all(loading)).map((engine) => [engine.engine, engine]));
    const tell: MainPort['send'] = (message) => main.send(message);
    const clock = systemClock;
    const relay = new Relay({ init, engines, recorder: spool, control, clock, random: randomBytes, limits, log, tell });
    // From here on messages are heeded; nobody is let in before the ports are bound.
    running = { relay, spool };
    for (const { engine } of init.listeners) await spool.prepareFingerprints(engine);
    await relay.listen();
  };

  const end = async (): Promise<void> => {
    await running?.relay.stop();
    running?.spool.close();
  };

  const fatal = (error: unknown): void => {
    log.error({ err: error }, 'the relay worker cannot go on');
    main.send({ type: 'fatal', message: error instanceof Error ? error.message : String(error) });
    exit(1);
  };

  const finish = (code: number): void => {
    ending ??= end();
    ending.then(() => exit(code), fatal);
  };

  main.onMessage((message: ToWorker) => {
    if (message.type === 'init') begin(message).catch(fatal);
    else if (message.type === 'stop') finish(0);
    else if (message.type === 'spool-allowance') running?.spool.allow(message.bytes);
    else running?.relay.handle(message);
  });
  // A relay that nobody can tell to cut must not go on.
  main.onClose(() => finish(1));
}

/** The channel that `child_process.fork` gives. */
function forkedPort(): MainPort {
  return {
    send: (message) => {
      // A channel that is gone is no error here: `onClose` ends the worker.
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    onMessage: (handle) => process.on('message', handle),
    onClose: (handle) => process.on('disconnect', handle),
  };
}

if (import.meta.main && process.send !== undefined) {
  // Ctrl-C reaches the whole group; the end of a worker is for main to say.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  const log = pino({ name: 'relay' }, pino.destination({ fd: 2, sync: true }));
  startWorker({ main: forkedPort(), log, exit: (code) => process.exit(code) });
}
