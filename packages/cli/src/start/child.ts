/**
 * One supervised process: started, waited for, started again when it dies, ended with us. A child tells by IPC that it
 * is `ready` or why it has `failed`; when the channel closes (this process died, by whatever means) it ends itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { logTo } from './logfile.ts';

const message = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('ready') }),
  z.object({ type: z.literal('failed'), message: z.string() }),
  z.object({ type: z.literal('answer'), to: z.string(), value: z.string() }),
]);
type Ready = Record<string, unknown>;

export interface ChildOptions {
  readonly name: string;
  readonly entry: string;
  /** Asked anew for each start: a join token, say, serves once. */
  readonly env: () => Promise<NodeJS.ProcessEnv> | NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly onRestart: (name: string, how: string) => void;
}

/** How long a child may take to end after SIGTERM before it is killed: longer than a gateway's drain (5 s). */
const STOP_MS = 8_000;
const ASK_MS = 10_000;
const RESTART_MAX_MS = 5_000;

interface Forked {
  readonly child: ChildProcess;
  readonly exited: Promise<string>;
}

const WARM = fileURLToPath(new URL('./warm.ts', import.meta.url));

export class SupervisedChild {
  readonly #options: ChildOptions;
  #process: ChildProcess | null = null;
  /** Forked, and loading its program; waits for its environment. */
  #warm: Forked | null = null;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Has the program loaded meanwhile, so that `start` has less to wait for; its environment is asked for only then. The
   * entry must export `main`, and do nothing else when it is imported.
   */
  warmUp(): void {
    const { entry } = this.#options;
    this.#warm = this.#fork(WARM, [entry], process.env);
  }

  /** Starts it and resolves with what it said when ready. A first start that fails is not tried again. */
  async start(): Promise<Ready> {
    const { ready, exited } = await this.#launch();
    const said = await ready;
    this.#running = this.#keepAlive(exited);
    return said;
  }

  /** Asks the running child for something by name (`join-token`); rejects when it has no answer within 10 s. */
  async ask(what: string): Promise<string> {
    const child = this.#process;
    if (child?.connected !== true) throw new Error(`the ${this.#options.name} is not running`);
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => reject(new Error(`the ${this.#options.name} gave no ${what}`)), ASK_MS);
      const listen = (raw: unknown): void => {
        const said = message.safeParse(raw);
        if (!said.success || said.data.type !== 'answer' || said.data.to !== what) return;
        clearTimeout(giveUp);
        child.off('message', listen);
        resolve(said.data.value);
      };
      child.on('message', listen);
      child.send({ type: 'ask', what });
    });
  }

  /** SIGTERM, then SIGKILL; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(killer);
    }
    await this.#running;
  }

  async #launch(): Promise<{ ready: Promise<Ready>; exited: Promise<string> }> {
    const { name, entry, env, logFile } = this.#options;
    const whole = await env();
    const warm = this.#warm;
    this.#warm = null;
    const { child, exited } = warm ?? this.#fork(entry, [], whole);
    if (warm !== null && child.connected) child.send({ type: 'go', env: whole });
    const ready = new Promise<Ready>((resolve, reject) => {
      child.on('message', (raw) => {
        const said = message.safeParse(raw);
        if (!said.success) return;
        if (said.data.type === 'ready') resolve(said.data);
        if (said.data.type === 'failed') reject(new Error(said.data.message));
      });
      void exited.then((how) => reject(new Error(`the ${name} ended while starting (${how}); see ${logFile}`)));
    });
    ready.catch(() => undefined); // a restart that fails is told by `exited`
    return { ready, exited };
  }

  #fork(entry: string, args: readonly string[], env: NodeJS.ProcessEnv): Forked {
    // Its own process group: Ctrl-C in a terminal reaches us alone, and we end the parts in their order.
    const child = fork(entry, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    this.#process = child;
    logTo(this.#options.logFile, child.stdout, child.stderr);
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code ?? 1}` : signal));
    });
    return { child, exited };
  }

  async #keepAlive(exited: Promise<string>): Promise<void> {
    let pause = 100;
    let how = await exited;
    while (!this.#stopping) {
      this.#options.onRestart(this.#options.name, how);
      await delay(pause);
      if (this.#stopping) return;
      const launched = await this.#launch();
      pause = await launched.ready.then(
        () => 100,
        () => Math.min(pause * 2, RESTART_MAX_MS),
      );
      how = await launched.exited;
    }
  }
}
