/**
 * `tidegate proxy`: a port on this machine through which any tool gets in without a password. Its login is answered
 * here in the engine's own protocol, the ticket is proved to the gateway, and from then on bytes pass both ways
 * untouched: the gateway authenticates, records and cuts as for any other client.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@tidegate/contract';
import { paint } from '../colour.ts';
import type { Context } from '../context.ts';
import { fields } from '../layout.ts';
import { when } from '../views/time.ts';
import { grantOver } from './grant-over.ts';
import { openLocalPort } from './local-port.ts';

/** A gateway cuts within a second. */
const CUT_MS = 5_000;

/** Listens on loopback until Ctrl-C or the grant's end. */
export async function proxy(context: Context, connection: Connection, port: number): Promise<void> {
  const local = await openLocalPort(connection, port, (message) => context.terminal.note(paint.red(message)));
  const { user, database, expiresAt } = connection;
  context.answer({ host: local.host, port: local.port, user, database, expiresAt }, () =>
    fields([
      ['host', `${local.host}:${local.port}`],
      ['user', `${user} (or any: it is you)`],
      ['password', 'none'],
      ['database', database],
      ['until', when(expiresAt)],
    ]),
  );
  context.hint('Ctrl-C ends it.');

  const stop = new AbortController();
  const over = await Promise.race([signalled(), grantOver(context.client(), connection, stop.signal)]);
  stop.abort();
  const empty = local.stop();
  if (over !== null) {
    context.terminal.note(over);
    // The gateway cuts, and tells each client why: that is passed on before the port goes.
    await Promise.race([empty, delay(CUT_MS, undefined, { ref: false })]);
  }
  local.end();
}

async function signalled(): Promise<null> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  return null;
}
