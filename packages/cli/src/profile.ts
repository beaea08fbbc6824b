/** Where the CLI keeps who is signed in where: one file a profile, readable by its owner alone. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TidegateError } from '@tidegate/core';
import { z } from 'zod';

export const DEFAULT_URL = 'http://127.0.0.1:7300';

const profile = z.object({
  url: z.string(),
  token: z.string().nullable(),
  person: z.string().nullable(),
  expiresAt: z.string().nullable(),
});
export type Profile = z.infer<typeof profile>;

/** The profiles of this user: `$XDG_CONFIG_HOME/tidegate`, else `~/.config/tidegate`. */
export class Profiles {
  readonly folder: string;
  readonly name: string;

  constructor(env: NodeJS.ProcessEnv, name: string | undefined) {
    this.folder = join(env.XDG_CONFIG_HOME ?? join(env.HOME ?? homedir(), '.config'), 'tidegate');
    this.name = name ?? env.TIDEGATE_PROFILE ?? 'default';
    if (!/^[\w.@-]{1,64}$/.test(this.name) || this.name.startsWith('.')) {
      throw new TidegateError(
        'invalid_input',
        `“${this.name}” cannot be a profile's name.`,
        'Use letters, digits, - _ . @',
      );
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
    return profile.parse(JSON.parse(text));
  }

  /** Written whole or not at all, and never readable by others, not even for a moment. */
  save(value: Profile): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const partial = `${this.#file}.${process.pid}`;
    writeFileSync(partial, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(partial, this.#file);
  }

  /** A certificate authority's PEM as a file that clients can name; its path. */
  saveAuthority(gateway: string, pem: string): string {
    const folder = join(this.folder, 'ca');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${gateway.replace(/[^\w.-]/g, '_')}.pem`);
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, pem, { mode: 0o644 });
    renameSync(partial, file);
    chmodSync(file, 0o644);
    return file;
  }

  forget(): void {
    rmSync(this.#file, { force: true });
  }

  get #file(): string {
    return join(this.folder, `${this.name}.json`);
  }
}
