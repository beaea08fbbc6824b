/** Types commands as people would, shows what they answer, and stops the tour when one does not end as it should. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { paint } from '../colour.ts';
import { columns, wrap } from '../layout.ts';
import { takesColour } from '../terminal.ts';

const command = fileURLToPath(new URL('../../../../bin/tidegate', import.meta.url));
const INDENT = '  ';

export interface GuideOptions {
  /** Where the people's profiles go. */
  readonly folder: string;
  readonly url: string;
  readonly password: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: (text: string) => void;
  /** Ends whatever is typed just then. */
  readonly signal: AbortSignal;
}

/** A command that goes on while others are typed. */
export interface Session {
  /** Resolves when it has said its first line. */
  readonly opened: Promise<void>;
  /** What it said when it ended. */
  readonly closed: Promise<string>;
}

export class Guide {
  readonly #options: GuideOptions;
  #step = 0;

  constructor(options: GuideOptions) {
    this.#options = options;
  }

  title(what: string, why: string): void {
    this.#step += 1;
    this.#options.out(`\n${paint.bold(paint.cyan(`${this.#step}. ${what}`))}\n${paint.dim(wrap(why))}`);
  }

  show(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#options.out(`${INDENT}${line}`.trimEnd());
  }

  async login(person: string): Promise<void> {
    const { url, password } = this.#options;
    await this.type(person, ['login', '--url', url, '--user', person, '--password-stdin'], 0, `${password}\n`);
  }

  /** @param code how the command must end */
  async type(person: string, args: readonly string[], code = 0, input = ''): Promise<void> {
    this.#prompt(person, args);
    const child = this.#spawn(person, args);
    child.stdin?.end(input);
    const said = text(child.stdout, child.stderr);
    const [ended] = await once(child, 'close');
    this.show(await said);
    if (ended !== code) throw new Error(`tidegate ${args[0] ?? ''} ended with ${String(ended)}, not ${code}`);
  }

  /** What the tour needs to know to go on; nobody has to see it typed. */
  async know(person: string, args: readonly string[]): Promise<unknown> {
    const child = this.#spawn(person, [...args, '--json']);
    child.stdin?.end();
    const [answer, problem] = [text(child.stdout), text(child.stderr)];
    const [ended] = await once(child, 'close');
    if (ended !== 0) throw new Error(`tidegate ${args[0] ?? ''} ended with ${String(ended)}: ${await problem}`);
    return JSON.parse(await answer);
  }

  /** `opening` is what is really run: it must say a line once it is open. */
  open(person: string, shown: readonly string[], opening: readonly string[]): Session {
    this.#prompt(person, shown, '# in another terminal');
    const child = this.#spawn(person, opening);
    child.stdin?.end();
    const { stdout } = child;
    if (stdout === null) throw new Error('the session has no output');
    const problem = text(child.stderr);
    const opened = Promise.race([
      once(stdout, 'data').then(() => undefined),
      once(child, 'close').then(async () => Promise.reject(new Error(`the session did not open: ${await problem}`))),
    ]);
    opened.catch(() => undefined); // the tour may have been ended by then
    return { opened, closed: once(child, 'close').then(() => problem) };
  }

  #prompt(person: string, args: readonly string[], remark = ''): void {
    const typed = args.map((arg) => (/^[\w./:=@-]+$/.test(arg) ? arg : `"${arg}"`)).join(' ');
    this.#options.out(
      `${paint.green(`${person} $`)} tidegate ${typed}${remark === '' ? '' : `  ${paint.dim(remark)}`}`,
    );
  }

  #spawn(person: string, args: readonly string[]): ChildProcess {
    const { env, folder, signal } = this.#options;
    const room = columns();
    const child = spawn(command, [...args], {
      stdio: 'pipe',
      signal,
      env: {
        ...env,
        XDG_CONFIG_HOME: folder,
        TIDEGATE_PROFILE: person,
        PSQLRC: '/dev/null',
        ...(Number.isFinite(room) ? { COLUMNS: String(room - INDENT.length) } : {}),
        ...(takesColour(process.stdout, env) ? { FORCE_COLOR: '1' } : {}),
      },
    });
    // Ended by the signal: whoever waits for it sees that it closed.
    child.on('error', () => undefined);
    return child;
  }
}

/** All that the streams say, in the order in which it comes. */
async function text(...streams: readonly (NodeJS.ReadableStream | null)[]): Promise<string> {
  const chunks: Buffer[] = [];
  await Promise.all(
    streams.map(async (stream) => {
      if (stream === null) return;
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(stream, 'close');
    }),
  );
  return Buffer.concat(chunks).toString();
}
