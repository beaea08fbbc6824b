import type { Readable } from 'node:stream';

const KEPT_BYTES = 4096;

/** What a program says on its stderr: the last of it, for the message that says why it ended, and a line to wait for. */
export class Output {
  #kept = '';
  #awaited: { text: string; resolve: () => void } | null = null;

  constructor(stream: Readable) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      const all = this.#kept + text;
      if (this.#awaited && all.includes(this.#awaited.text)) this.#awaited.resolve();
      this.#kept = all.slice(-KEPT_BYTES);
    });
  }

  tail(): string {
    return this.#kept.trim();
  }

  /** Resolves when this is said; ask before the program can say it. */
  said(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { text, resolve };
    return promise;
  }
}
