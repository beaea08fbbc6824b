/** How the CLI speaks: data on stdout, everything else on stderr, colour only where a person looks. */
import { stripVTControlCharacters } from 'node:util';
import { paint } from './colour.ts';
import { cut } from './layout.ts';

export interface Terminal {
  /** An answer. */
  readonly out: (text: string) => void;
  /** Anything that is not the answer: progress, hints, questions. */
  readonly note: (text: string) => void;
  /** A line that replaces itself while something is waited for; a plain line where nobody watches. Returns how to end it. */
  readonly progress: (text: string) => Progress;
  /** True when a person is there to be asked. */
  readonly interactive: boolean;
  /** True when a person, not a file or a program, gets the answer. */
  readonly watched: boolean;
}

export interface Progress {
  readonly say: (text: string) => void;
  readonly end: () => void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Spinner and space before the words. */
const LEAD = 2;

export function terminal(env: NodeJS.ProcessEnv = process.env): Terminal {
  const live = process.stderr.isTTY === true;
  const write = (stream: NodeJS.WriteStream): ((text: string) => void) => {
    const plain = !takesColour(stream, env);
    return (text) => void stream.write(`${plain ? stripVTControlCharacters(text) : text}\n`);
  };
  const note = write(process.stderr);
  return {
    out: write(process.stdout),
    note,
    interactive: process.stdin.isTTY === true && live,
    watched: process.stdout.isTTY === true,
    progress: (first) => (live ? spinner(first, env) : plainProgress(first, note)),
  };
}

/** Node's own rules (NO_COLOR, FORCE_COLOR, TERM=dumb), asked of the stream at hand: stderr may be a file when stdout is not. */
export function takesColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (stream.isTTY === true) return stream.hasColors(16, env);
  return (env.NO_COLOR ?? '') === '' && !['', '0', 'false'].includes(env.FORCE_COLOR ?? '');
}

function plainProgress(first: string, note: (text: string) => void): Progress {
  let text = first;
  note(text);
  return {
    say(next) {
      if (next !== text) note(next);
      text = next;
    },
    end: () => undefined,
  };
}

function spinner(first: string, env: NodeJS.ProcessEnv): Progress {
  const cyan = takesColour(process.stderr, env) ? paint.cyan : (frame: string) => frame;
  let text = first;
  let frame = 0;
  const draw = (): void => {
    // One line, whatever its length: only that much can be wiped and drawn again.
    const shown = cut(text, (process.stderr.columns || 80) - LEAD - 1);
    process.stderr.write(`\r\x1b[2K${cyan(FRAMES[frame++ % FRAMES.length] ?? '')} ${shown}`);
  };
  draw();
  const timer = setInterval(draw, 100);
  return {
    say(next) {
      text = next;
      draw();
    },
    end() {
      clearInterval(timer);
      process.stderr.write('\r\x1b[2K');
    },
  };
}
