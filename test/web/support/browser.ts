/** Chromium as people use it: a browser each, signed in through the page; what it complains of is kept. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page, type Route } from 'playwright-core';
import { DEMO_PASSWORD, root } from '../../support/tidegate.ts';

/** Debian's, or the one that TIDEGATE_CHROMIUM names. */
const PLACES = [
  process.env.TIDEGATE_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export async function launch(): Promise<Browser> {
  const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
  if (executablePath === undefined) throw new Error('These tests need Chromium: apt-get install chromium.');
  // Containers give its sandbox no namespaces; what it shows here is our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface Visitor {
  readonly page: Page;
  /** Errors of scripts, and what the content security policy stopped. None is right. */
  readonly complaints: string[];
}

/** A browser of one's own: nothing kept from before. */
export async function visitor(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(20_000);
  // Of some of what it stops the browser says nothing in its console: an `eval` that is caught, for one.
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
      console.warn(`Content Security Policy: ${effectiveDirective} stopped ${blockedURI} of ${sourceFile}`);
    });
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Minified React error|Warning:/.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints };
}

/** Signed in through the page, as everybody is. */
export async function signedIn(
  browser: Browser,
  url: string,
  person: string,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const one = await visitor(browser, url, options);
  await one.page.goto('/sign-in');
  await signIn(one.page, person);
  return one;
}

export async function signIn(page: Page, person: string, password = DEMO_PASSWORD): Promise<void> {
  await page.getByLabel('Name').fill(person);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** WCAG 2.2 A and AA. */
const EVERY_RULE = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
/** What alone may differ where only colours do. */
const CONTRAST = { type: 'rule', values: ['color-contrast'] };

/** What axe finds, one line each; within one part of the page where one is named. */
export async function axeFindings(page: Page, part = 'html', rules = EVERY_RULE): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const looked = { part, rules };
  const violations: Violation[] = await page.evaluate(async ({ part: within, rules: runOnly }) => {
    const runner: { run(context: string, options: object): Promise<{ violations: Violation[] }> } = Reflect.get(
      globalThis,
      'axe',
    );
    // Without `preload`: for one rule of its experimental ones it copies style sheets into inline styles, which the
    // page's content security policy stops and reports as if the page had tried it.
    return (await runner.run(within, { runOnly, preload: false })).violations;
  }, looked);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary?.split('\n')[1]?.trim() ?? ''}`,
    ),
  );
}

/** What is said of every answer that `refuse` gives. */
export const REFUSED = 'Something broke on our side.';

/** As the API answers when a fault of its own keeps it from answering. */
export function refuse(route: Route): Promise<void> {
  const problem = {
    type: 'about:blank',
    title: 'A fault of ours',
    status: 500,
    code: 'internal',
    detail: REFUSED,
    next: 'Try again.',
    traceId: 't_0000',
  };
  return route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) });
}

const pictures = join(root, 'test/web/screenshots');
/** Nothing is held against them, and two of each state take their time: in the long run, or where they are asked for. */
const PICTURES = process.env.TIDEGATE_LONG === '1' || process.env.TIDEGATE_PICTURES === '1';

/** In light and in dark, for people to look at (docs/WEB.md). */
export async function picture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return;
  mkdirSync(pictures, { recursive: true });
  // What sticks to the window's edge would stand in the middle of a long page.
  await page.evaluate(() => scrollTo(0, 0));
  for (const colorScheme of ['light', 'dark'] as const) {
    await inColours(page, colorScheme);
    await page.screenshot({ path: join(pictures, `${name}.${colorScheme}.png`), fullPage: true });
  }
  await inColours(page, 'light');
}

async function inColours(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
}

/** Charts follow the window some frames later: how wide the page is once it fits, or after 300 of them. */
function settledWidth(most: number): Promise<number> {
  return new Promise((resolve) => {
    const look = (frames: number): void => {
      const { scrollWidth } = document.documentElement;
      if (scrollWidth <= most || frames === 0) resolve(scrollWidth);
      else requestAnimationFrame(() => look(frames - 1));
    };
    look(300);
  });
}

/** @throws when a part of the page is wider than a phone */
async function fitsAPhone(page: Page): Promise<void> {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  const width = await page.evaluate(settledWidth, 360);
  if (size !== null) await page.setViewportSize(size);
  if (width > 360) throw new Error(`The page is ${width} px wide on a phone of 360.`);
}

/** `held`, the same in the dark, and pictures of it. */
export async function hold(page: Page, name: string, part?: string): Promise<void> {
  await picture(page, name);
  await held(page, name, part);
  await inColours(page, 'dark');
  const findings = await axeFindings(page, part, CONTRAST);
  await inColours(page, 'light');
  raise(`${name}, in the dark`, findings);
}

/**
 * What is held against every page in every state; axe looks at one part alone where the rest was held before.
 *
 * @throws with every finding
 */
export async function held(page: Page, name: string, part?: string): Promise<void> {
  // Transitions end at once: colours half way between two would be held against nobody.
  await inColours(page, 'light');
  await fitsAPhone(page);
  raise(name, await axeFindings(page, part));
}

function raise(name: string, findings: readonly string[]): void {
  if (findings.length > 0) throw new Error(`axe, on ${name}:\n${findings.join('\n')}`);
}
