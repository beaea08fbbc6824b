/** `tidegate start` at a terminal: what is being done in sight, ended by Ctrl-C at any moment. */
import { paint } from '../colour.ts';
import type { Context } from '../context.ts';
import { type Running, start } from './start.ts';

/** Runs until `ended`; what is still starting then is ended all the same. */
export async function startHere(context: Context, demo: boolean, ended: Promise<void>): Promise<void> {
  const { terminal, env } = context;
  const stop = new AbortController();
  let ready = false;
  void ended.then(() => {
    stop.abort();
    terminal.note(paint.dim(ready ? 'Stopping …' : 'Stopping once this step is done … (Ctrl-C again: at once)'));
  });
  const running = await begin(context, { demo, env, signal: stop.signal });
  if (running === null) return;
  ready = true;
  terminal.out(`ready ${running.url}`);
  await ended;
  await running.stop();
}

/** null: it was stopped while it started. What there is to say is said when the progress line is gone. */
async function begin(
  { terminal }: Context,
  options: { demo: boolean; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Running | null> {
  const said: string[] = [];
  let say = (line: string): void => void said.push(line);
  const progress = process.stderr.isTTY === true ? terminal.progress('Starting …') : null;
  try {
    return await start({ ...options, say: (line) => say(line), progress: (text) => progress?.say(text) });
  } catch (error) {
    if (options.signal.aborted) return null;
    throw error;
  } finally {
    progress?.end();
    say = (line) => terminal.out(line);
    said.forEach(say);
  }
}
