/**
 * Texts of configurations are read, checked and compared beside the event loop: two megabytes of YAML take seconds, in
 * which the API has others to answer. One thread, started when it is needed first and kept for a while; texts wait their
 * turn. One that takes too long or too much memory ends the thread, is refused, and the next gets a new one.
 */
import { Worker } from 'node:worker_threads';
import { type ConfigProblem, InvalidConfig } from '@tidegate/config';
import { type ErrorCode, TidegateError } from '@tidegate/core';
import type { Against, Asked, Checked } from './check.ts';

/** What the thread says to one question. */
export type Answer =
  | { readonly kind: 'checked'; readonly checked: Checked }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string; readonly next: string };

export interface Question extends Omit<Asked, 'against'> {
  readonly against: (Omit<Against, 'content'> & { readonly content: () => Promise<string> }) | null;
}

export interface ConfigChecker {
  /** Throws `InvalidConfig` with every error, `invalid_config` for what takes too much, `unavailable` when many wait. */
  check(question: Question): Promise<Checked>;
  /** Ends the thread; what is asked of it then is refused. */
  stop(): Promise<void>;
}

export interface CheckerLimits {
  /** For one text, from when it has its turn. */
  readonly deadlineMs: number;
  /** Of V8's heap. Two megabytes of YAML with two hundred thousand values take 250. */
  readonly memoryMb: number;
  /** Texts that wait; each may have sixteen megabytes. */
  readonly waiting: number;
  /** A thread that nobody needs for so long is ended: it would keep what it grew to. */
  readonly idleMs: number;
}

const LIMITS: CheckerLimits = { deadlineMs: 60_000, memoryMb: 512, waiting: 8, idleMs: 10 * 60_000 };

/** Much is thrown away at once: with room for it, less of it is copied first. */
const YOUNG_MB = 64;

export function configChecker(limits: Partial<CheckerLimits> = {}): ConfigChecker {
  return new Checker({ ...LIMITS, ...limits });
}

class Checker implements ConfigChecker {
  readonly #limits: CheckerLimits;
  #thread: Worker | null = null;
  /** What the thread was given to compare with. */
  #given: string | null = null;
  #idle: NodeJS.Timeout | null = null;
  /** Settled when whoever is last in the row has been answered. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #stopped = false;

  constructor(limits: CheckerLimits) {
    this.#limits = limits;
  }

  async check(question: Question): Promise<Checked> {
    if (this.#waiting >= this.#limits.waiting) throw tooMany();
    this.#waiting += 1;
    const before = this.#last;
    const answer = before.then(() => this.#ask(question));
    this.#last = answer.then(
      () => undefined,
      // It is told to whoever asked; the next has its turn all the same.
      () => undefined,
    );
    try {
      return checkedOr(await answer);
    } finally {
      this.#waiting -= 1;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#end();
  }

  async #ask({ text, known, against }: Question): Promise<Answer> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    if (this.#thread === null) this.#given = null;
    const content = against === null || against.key === this.#given ? null : await against.content();
    if (this.#stopped) throw ended();
    this.#thread ??= this.#start();
    const thread = this.#thread;
    try {
      const asked: Asked = { text, known, against: against === null ? null : { ...against, content } };
      const answer = await this.#answer(thread, asked);
      if (against !== null && answer.kind === 'checked') this.#given = against.key;
      this.#idle = setTimeout(() => void this.#end(), this.#limits.idleMs).unref();
      return answer;
    } catch (error) {
      await this.#end();
      throw this.#stopped ? ended() : error;
    }
  }

  /** The environment holds secrets, and what the process was started with is nothing to a parser. */
  #start(): Worker {
    const thread = new Worker(new URL('./thread.ts', import.meta.url), {
      name: 'configuration',
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    thread.unref();
    // Also while nothing is asked of it: the next text gets another.
    const gone = (): void => {
      if (this.#thread === thread) this.#thread = null;
    };
    thread.on('error', gone).on('exit', gone);
    return thread;
  }

  #answer(thread: Worker, asked: Asked): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const failed = (error: unknown): void => reject(outOfMemory(error) ? tooLarge() : error);
    const gone = (): void => reject(ended());
    const deadline = setTimeout(() => reject(tooLong(this.#limits.deadlineMs)), this.#limits.deadlineMs);
    thread.once('message', resolve).once('error', failed).once('exit', gone);
    thread.postMessage(asked);
    return promise.finally(() => {
      clearTimeout(deadline);
      thread.off('message', resolve).off('error', failed).off('exit', gone);
    });
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }
}

function checkedOr(answer: Answer): Checked {
  if (answer.kind === 'checked') return answer.checked;
  if (answer.kind === 'invalid') throw new InvalidConfig(answer.problems);
  throw new TidegateError(answer.code, answer.message, answer.next);
}

const outOfMemory = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';

const tooLarge = (): TidegateError =>
  new TidegateError(
    'invalid_config',
    'Checking this configuration takes more memory than there is for it.',
    'Nothing was changed. Say it with less: labels instead of lists of names, groups instead of people.',
  );
const tooLong = (deadlineMs: number): TidegateError =>
  new TidegateError(
    'invalid_config',
    `Checking this configuration takes longer than ${deadlineMs / 1000} s.`,
    'Nothing was changed. Try again; if it takes as long again, say it with less: labels instead of lists of names.',
  );
const tooMany = (): TidegateError =>
  new TidegateError('unavailable', 'Many configurations are being checked just now.', 'Try again in a moment.');
const ended = (): TidegateError =>
  new TidegateError('unavailable', 'The configuration could not be checked to the end.', 'Try again in a moment.');
