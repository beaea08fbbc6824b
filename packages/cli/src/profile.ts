/** Where the CLI keeps who is signed in where: one file a profile, readable by its owner alone. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TidegateError } from '@tidegate/core';
import { z } from 'zod';
import { UsageError } from './usage.ts';

export const DEFAULT_URL = 'http://127.0.0.1:7300';

const profile = z.object({
  url: z.string(),
  token: z.string(),
  person: z.string(),
  expiresAt: z.string(),
});
export type Profile = z.infer<typeof profile>;

/** The profiles of this user: `$XDG_CONFIG_HOME/tidegate`, else `~/.config/tidegate`. */
export class Profiles {
  readonly folder: string;
  readonly name: string;

  constructor(env: NodeJS.ProcessEnv, name: string | undefined) {
    this.folder = join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'tidegate');
    this.name = name ?? env.TIDEGATE_PROFILE ?? 'default';
    if (!/^[\w.@-]{1,64}$/.test(this.name) || this.name.startsWith('.')) {
      throw new UsageError(`“${this.name}” cannot be a profile's name.`, 'Use letters, digits, - _ . @');
    }
  }

  /** What was saved; null when nobody has signed in under this name. */
  load(): Profile | null {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
    const parsed = profile.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new TidegateError(
      'invalid_input',
      `The profile ${this.#file} cannot be read.`,
      'Remove it and sign in again.',
    );
  }

  /** Written whole or not at all, and never readable by others, not even for a moment. */
  save(value: Profile): void {
    this.#write(this.folder, this.#file, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** A certificate authority's PEM as a file that clients can name; its path. Two authorities never share one. */
  saveAuthority(gateway: string, pem: string): string {
    const folder = join(this.folder, 'ca');
    const digest = createHash('sha256').update(pem).digest('hex').slice(0, 8);
    const file = join(folder, `${gateway.replace(/[^\w.-]/g, '_')}-${digest}.pem`);
    this.#write(folder, file, pem);
    return file;
  }

  forget(): void {
    rmSync(this.#file, { force: true });
  }

  get #file(): string {
    return join(this.folder, `${this.name}.json`);
  }

  #write(folder: string, file: string, text: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const partial = `${file}.${process.pid}`;
    // `wx`: a file of that name is not ours, and keeps whatever mode it has.
    rmSync(partial, { force: true });
    writeFileSync(partial, text, { mode: 0o600, flag: 'wx' });
    renameSync(partial, file);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not JSON, hence no profile: the schema says so.
    return error;
  }
}
