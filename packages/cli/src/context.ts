/** What every command has at hand: who is signed in, how to ask the server, how to answer. */
import { type Client, createClient } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { DEFAULT_URL, Profiles } from './profile.ts';
import { type Terminal, terminal } from './terminal.ts';

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
    this.terminal = terminal();
    this.profiles = new Profiles(env, options.profile);
  }

  /** The server's address: as given, as signed in to, from `TIDEGATE_URL`, or this machine's. */
  url(given?: string): string {
    return given ?? this.profiles.load()?.url ?? this.env.TIDEGATE_URL ?? DEFAULT_URL;
  }

  /** A client for whoever is signed in under this profile. @throws `unauthenticated` when nobody is */
  client(): Client {
    const profile = this.profiles.load();
    if (profile?.token === undefined || profile.token === null) {
      const which = this.profiles.name === 'default' ? '' : ` --profile ${this.profiles.name}`;
      throw new TidegateError('unauthenticated', 'You are not signed in.', `Run: tidegate login${which}`);
    }
    return createClient({ url: profile.url, token: profile.token });
  }

  /** A client for nobody yet. */
  anonymous(url?: string): Client {
    return createClient({ url: this.url(url) });
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
