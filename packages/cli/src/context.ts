/** What every command has at hand: who is signed in, how to ask the server, how to answer. */
import { type Client, createClient } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { paint } from './colour.ts';
import { DEFAULT_URL, type Profile, Profiles } from './profile.ts';
import { type Terminal, terminal } from './terminal.ts';
import { anAddress } from './usage.ts';

/** Options every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly profile?: string;
}

export class Context {
  readonly env: NodeJS.ProcessEnv;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly profiles: Profiles;

  constructor(env: NodeJS.ProcessEnv, options: CommonOptions) {
    this.env = env;
    this.json = options.json === true;
    this.terminal = terminal(env);
    this.profiles = new Profiles(env, options.profile);
  }

  /** Where to sign in: as given, from `TIDEGATE_URL`, as this profile did before, or this machine. */
  url(given?: string): string {
    return anAddress(given ?? this.env.TIDEGATE_URL ?? this.profiles.load()?.url ?? DEFAULT_URL);
  }

  /** Who is signed in under this profile; a token goes only to the address that gave it. @throws `unauthenticated` */
  signedIn(): Profile {
    const profile = this.profiles.load();
    if (profile === null) throw new TidegateError('unauthenticated', 'You are not signed in.', this.howToSignIn());
    return profile;
  }

  client(): Client {
    return createClient(this.signedIn());
  }

  howToSignIn(): string {
    return `Run: tidegate login${this.profiles.name === 'default' ? '' : ` --profile ${this.profiles.name}`}`;
  }

  /** What to do next, for a person; nothing for a machine. */
  hint(text: string): void {
    if (!this.json) this.terminal.note(paint.dim(text));
  }

  /** The answer: one JSON value for a machine, text for a person. */
  answer(value: unknown, text: () => string): void {
    this.terminal.out(this.json ? JSON.stringify(value) : text());
  }
}

/** Everything on standard input, without the newline at its end. At most 4 MiB. */
export async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += buffer.length;
    if (bytes > 4 * 1024 * 1024) throw new TidegateError('invalid_input', 'Standard input is longer than 4 MiB.');
    chunks.push(buffer);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
