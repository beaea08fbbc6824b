/** How quick the web app is, in Chromium: measured by `test/web/speed.ts`, where the browser's support lives. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Figures } from '../figures.ts';
import { run } from '../stage/run.ts';
import type { PartOptions } from './part.ts';

const SPEED = fileURLToPath(new URL('../../test/web/speed.ts', import.meta.url));
const figure = z.object({ what: z.string(), unit: z.string(), value: z.number() });

export const web = {
  name: 'web',
  says: 'Home with a cold cache, moving between pages, scrolling through 100,000 rows, what 200 open browsers cost the control plane',
  async run(figures: Figures, { seconds, progress }: Pick<PartOptions, 'seconds' | 'progress'>): Promise<void> {
    progress('Home, pages, open browsers, long tables (some minutes) …');
    // Beats and looks come every few seconds: a short while would show one of them or none.
    const output = await run(process.execPath, [SPEED, String(Math.max(30, seconds * 10))]);
    for (const [round, line] of output.trim().split('\n').entries()) {
      figures.add({ part: 'web', contestant: 'tidegate', round, ...figure.parse(JSON.parse(line)) });
    }
  },
};
