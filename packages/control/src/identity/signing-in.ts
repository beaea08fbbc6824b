/** How long logins last, and where people's browsers find us. */

export interface SignIn {
  /** A login that nobody used this long is over. */
  readonly idle: Temporal.Duration;
  /** And one this old, used or not. */
  readonly longest: Temporal.Duration;
  /**
   * Scheme, host and port, no slash at the end: `https://tidegate.example`. What links begin with, the one origin from
   * which passkeys are taken, and what identity providers send people back to.
   */
  readonly publicUrl: () => string;
}

/** As it is where nothing else was set. */
export const settings = (given: Pick<SignIn, 'publicUrl'> & Partial<SignIn>): SignIn => ({
  idle: Temporal.Duration.from({ hours: 8 }),
  longest: Temporal.Duration.from({ hours: 24 }),
  ...given,
});

/** Names by which a machine means itself: what is sent there does not leave it. */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(hostname);

/**
 * Where a browser on this machine finds what listens on `bind`. `localhost` and not its number: passkeys are kept for
 * names, and browsers refuse them for addresses.
 */
export function browserUrl(bind: string, port: number): string {
  const here = isLoopback(bind) || bind === '0.0.0.0' || bind === '::';
  const host = here ? 'localhost' : bind.includes(':') ? `[${bind}]` : bind;
  return `http://${host}:${port}`;
}

/**
 * A place in the web app to go on to after signing in, from outside: its path, query and fragment; `/` for whatever
 * would lead anywhere else (`//evil.example`, `/\evil.example`, `javascript:`), so that a link to sign in is never a way
 * to somebody else's page.
 */
export function ourPath(wanted: string | undefined): string {
  const base = 'http://tidegate.invalid';
  if (wanted === undefined || !isPath(wanted) || !URL.canParse(wanted, base)) return '/';
  const { origin, pathname, search, hash } = new URL(wanted, base);
  const path = `${pathname}${search}${hash}`;
  // Looked at again as it came out: dots within (`/.//evil.example`) are gone now.
  return origin === base && isPath(path) ? path : '/';
}

/** Browsers drop tabs and line ends inside, and read `\\` as `/`: neither belongs into a path of ours. */
const isPath = (text: string): boolean => /^\/(?!\/)[^\p{Cc}\\]{0,2000}$/u.test(text);
