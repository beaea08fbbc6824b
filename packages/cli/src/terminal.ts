/** How the CLI speaks: data on stdout, everything else on stderr, colour only where a person looks. */
import pc from 'picocolors';

export interface Terminal {
  /** An answer. */
  out(text: string): void;
  /** Anything that is not the answer: progress, hints, questions. */
  note(text: string): void;
  /** A line that replaces itself while something is waited for; a plain line where nobody watches. Returns how to end it. */
  progress(text: string): Progress;
  /** True when a person is there to be asked. */
  readonly interactive: boolean;
}

export interface Progress {
  say(text: string): void;
  end(): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export function terminal(): Terminal {
  const live = process.stderr.isTTY === true;
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    interactive: process.stdin.isTTY === true && live,
    progress(first) {
      let text = first;
      if (!live) {
        process.stderr.write(`${text}\n`);
        return {
          say(next) {
            if (next !== text) process.stderr.write(`${next}\n`);
            text = next;
          },
          end: () => undefined,
        };
      }
      let frame = 0;
      const draw = (): void => {
        process.stderr.write(`\r\x1b[2K${pc.cyan(FRAMES[frame++ % FRAMES.length] ?? '')} ${text}`);
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
    },
  };
}

/** Rows under a dim head, columns aligned, nothing to say when there are none. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return pc.dim(none);
  const widths = head.map((title, column) => Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd();
  return [pc.dim(line(head)), ...rows.map(line)].join('\n');
}

/** Label and value lines, labels aligned; lines without a value are left out. */
export function fields(lines: readonly (readonly [label: string, value: string | null | undefined])[]): string {
  const shown = lines.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const widest = Math.max(0, ...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${pc.dim(label.padEnd(widest))}  ${value}`).join('\n');
}

/** Text from elsewhere (names, reasons, statements) must not steer the terminal: control characters are shown, not sent. */
export function safe(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === '\n' || character === '\t' ? ' ' : '�',
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const COLOUR = /\u001b\[\d+m/g;
function width(text: string): number {
  return [...text.replace(COLOUR, '')].length;
}
