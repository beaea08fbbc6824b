/** The control plane's process: the one place where its parts are put together. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TidegateError } from '@tidegate/core';
import type { Logger } from 'pino';
import { type Clock, startClock } from './access/clock.ts';
import { buildServer } from './api/server.ts';
import { readTls } from './api/tls.ts';
import { configChecker } from './config/checking/checker.ts';
import { type Context, wallClock } from './context.ts';
import { startProviderKeeper } from './identity/oidc/keeper.ts';
import { ensureSetupToken } from './identity/setup.ts';
import { browserUrl } from './identity/signing-in.ts';
import { startJobs } from './jobs/runner.ts';
import { openAuthority } from './keys/authority.ts';
import { loadKey } from './keys/keyfile.ts';
import { checkKey } from './keys/made-once.ts';
import { createSealer } from './keys/seal.ts';
import { openSigningKey } from './keys/signing.ts';
import { issueLocalJoin } from './link/join-tokens.ts';
import { startLink } from './link/server.ts';
import { createLog } from './log.ts';
import { startNotices } from './notify/keeper.ts';
import { type ControlOptions, optionsFrom } from './options.ts';
import { startRecordKeeper } from './record/keeper.ts';
import { isOutage } from './store/outage.ts';
import { openStore, type Store } from './store/store.ts';

export interface Control {
  /** Web and API. */
  readonly url: string;
  readonly linkPort: number;
  /** Lets the first people be made, once; null when they are. A secret. */
  readonly setupToken: string | null;
  /** A one-time token for a gateway that runs beside this control plane. A secret. */
  localJoinToken(): Promise<string>;
  /** Answers what waits, tells gateways nothing (they go on by what they know), closes everything. Idempotent. */
  stop(): Promise<void>;
}

/** A store that is being started again may take this long to come back. */
const STORE_PATIENCE_MS = 30_000;
const STORE_RETRY_MS = 250;
/** An orderly end takes less; a supervisor is patient a little longer. */
const STOP_MS = 7_000;

/** Starts a control plane. What was begun is ended again when a part does not start. */
export async function startControl(options: ControlOptions, log = createLog(options.logLevel)): Promise<Control> {
  const ends: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const end of ends.reverse()) await end();
    })();
    return stopping;
  };
  try {
    return { ...(await startParts(options, log, ends)), stop };
  } catch (error) {
    await stop().catch((also: unknown) => log.error({ err: also }, 'a part did not end well either'));
    throw error;
  }
}

async function startParts(options: ControlOptions, log: Logger, ends: (() => Promise<void>)[]) {
  const { storeUrl, home, key, bind, port, linkPort, staleAfterMs, cutAfterMs, trustProxy } = options;
  const sealer = createSealer(await loadKey({ env: key, home }));
  const store = await patientStore(storeUrl, log);
  ends.push(() => store.close());
  // A free port is known only once it is taken: nobody is sent to it before.
  let apiPort = port;
  const tls = options.tls === null ? null : await readTls(options.tls);
  const scheme = tls === null ? 'http' : 'https';
  const publicUrl = (): string => options.publicUrl ?? `${scheme}${browserUrl(bind, apiPort).slice('http'.length)}`;
  const signIn = { ...options.logins, publicUrl };
  const checker = configChecker();
  ends.push(() => checker.stop());
  const context: Context = { store, sealer, now: wallClock, random: randomBytes, log, signIn, checker };
  await checkKey(store.db, sealer, wallClock());
  const authority = await openAuthority(store.db, sealer, wallClock());
  const signingKey = await openSigningKey(store.db, sealer, wallClock());

  const keeper = await startRecordKeeper(context, signingKey);
  ends.push(() => keeper.stop());
  const jobs = startJobs(context, storeUrl, options.mail);
  ends.push(() => jobs.stop());
  const notices = startNotices(context, { mail: options.mail !== null });
  ends.push(() => notices.stop());
  const clock: Clock = startClock(context);
  ends.push(() => clock.stop());
  const providers = startProviderKeeper(context);
  ends.push(() => providers.stop());
  const link = await listening('TIDEGATE_LINK_PORT', bind, linkPort, () =>
    startLink(context, { authority, signingKey, bind, port: linkPort, staleAfterMs, cutAfterMs, entra: options.entra }),
  );
  ends.push(() => link.stop());

  const linkContext = { ...context, linkAddress: options.linkAddress ?? hostAndPort(bind, link.port) };
  const parts = { context: linkContext, waitForTicket: link.waitForTicket, look: link.look };
  const app = await buildServer(parts, { trustProxy, webFolder: webFolder(), tls });
  ends.push(() => app.close());
  await listening('TIDEGATE_PORT', bind, port, () => app.listen({ host: bind, port }));
  const address = app.server.address();
  if (typeof address === 'object' && address !== null) apiPort = address.port;
  return {
    url: `${scheme}://${hostAndPort(bind, apiPort)}`,
    linkPort: link.port,
    setupToken: await ensureSetupToken(context),
    localJoinToken: () => issueLocalJoin(linkContext),
  };
}

/** Opens the store; one that is on its way up (or being brought back by its supervisor) is waited for. */
async function patientStore(url: string, log: Logger): Promise<Store> {
  const onTrouble = (error: Error): void => log.warn({ err: error }, 'a connection to the store broke');
  const until = Date.now() + STORE_PATIENCE_MS;
  for (;;) {
    try {
      return await openStore({ url, onTrouble });
    } catch (error) {
      if (!isOutage(error) || Date.now() > until) throw error;
      log.warn({ err: error }, 'the store is out of reach; trying again');
      await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS));
    }
  }
}

/** A port that cannot be had is the likeliest trouble of a start: say which, and what to set. */
async function listening<T>(variable: string, host: string, port: number, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    const why = {
      EADDRINUSE: 'is in use',
      EACCES: 'may not be used by this account',
      EADDRNOTAVAIL: 'is not of this machine',
    };
    throw new TidegateError(
      'unavailable',
      `The address ${hostAndPort(host, port)} ${why[code]}.`,
      `Set ${variable} to another port, or TIDEGATE_BIND to another address.`,
      error,
    );
  }
}

const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Null where what a browser is shown has not been built (scripts/web.mjs). */
function webFolder(): string | null {
  const folder = fileURLToPath(new URL('../../web/dist/', import.meta.url));
  return existsSync(folder) ? folder : null;
}

/** Run as a process of its own: the environment says how, IPC (where there is any) tells the supervisor. */
export async function main(): Promise<void> {
  const tell = (message: object, told = (): void => undefined): void => {
    if (process.connected && process.send !== undefined) process.send(message, told);
    else told();
  };
  let control: Control;
  try {
    control = await startControl(optionsFrom(process.env));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const next = error instanceof TidegateError && error.next !== '' ? ` ${error.next}` : '';
    console.error(`${message}${next}`);
    tell({ type: 'failed', message: `${message}${next}` }, () => process.exit(1));
    return;
  }
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    // A store that no longer answers must not keep us: all that matters is written.
    setTimeout(() => process.exit(1), STOP_MS).unref();
    control.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
  // The supervisor is gone, by whatever means.
  process.on('disconnect', end);
  process.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null || Reflect.get(message, 'what') !== 'join-token') return;
    control.localJoinToken().then(
      (value) => tell({ type: 'answer', to: 'join-token', value }),
      (error: unknown) => console.error('no join token could be made', error),
    );
  });
  const { url, linkPort, setupToken } = control;
  tell({ type: 'ready', url, linkPort, setupToken });
}

if (import.meta.main) await main();
