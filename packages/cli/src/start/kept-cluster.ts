import { setTimeout as delay } from 'node:timers/promises';
import type { RunningServer } from '@tidegate/embedded';

const RETRY_MAX_MS = 5_000;

/** An embedded server that is started again, at the same address, whenever its server dies. */
export class KeptCluster<T extends RunningServer> {
  cluster: T;
  readonly #start: () => Promise<T>;
  readonly #name: string;
  readonly #onRestart: (name: string, how: string) => void;
  #stopping = false;

  private constructor(
    cluster: T,
    start: () => Promise<T>,
    name: string,
    onRestart: (name: string, how: string) => void,
  ) {
    this.cluster = cluster;
    this.#start = start;
    this.#name = name;
    this.#onRestart = onRestart;
    void this.#keep();
  }

  static async start<T extends RunningServer>(
    start: () => Promise<T>,
    name: string,
    onRestart: (name: string, how: string) => void,
  ): Promise<KeptCluster<T>> {
    return new KeptCluster(await start(), start, name, onRestart);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.cluster.stop();
  }

  async #keep(): Promise<void> {
    for (;;) {
      const { code, signal } = await this.cluster.crashed;
      this.#onRestart(this.#name, signal ?? `exit code ${code ?? 1}`);
      await this.#startAgain();
      if (this.#stopping) return;
    }
  }

  async #startAgain(): Promise<void> {
    for (let pause = 100; !this.#stopping; pause = Math.min(pause * 2, RETRY_MAX_MS)) {
      try {
        this.cluster = await this.#start();
        if (this.#stopping) await this.cluster.stop();
        return;
      } catch (error) {
        this.#onRestart(this.#name, error instanceof Error ? error.message : String(error));
        await delay(pause);
      }
    }
  }
}
