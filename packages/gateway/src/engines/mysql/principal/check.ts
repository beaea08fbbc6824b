/** Can we do our work there? In words that say what to run. */
import { type Health, ProvisionError } from '../../provisioner.ts';
import type { Durable } from './durable.ts';
import { quotedAdministrator } from './powers.ts';
import { productOf, type Server } from './server.ts';
import type { Administrator } from './sessions.ts';

export interface CheckOptions {
  readonly administrator: Administrator;
  readonly viaSocket: boolean;
  /** Mends the durable account. */
  readonly ensure: () => Promise<Durable>;
}

/** Does not reject for what it finds. */
export async function check({ administrator, viaSocket, ensure }: CheckOptions): Promise<Health> {
  try {
    const server = await administrator.use(null, async (session) => session.server);
    const { warnings } = await ensure();
    const said = [describe(server, viaSocket), ...schedulerWarning(server), ...clockWarning(server), ...warnings];
    return { ok: true, detail: cut(said.join(' ')) };
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    return { ok: false, detail: cut(error.detail === '' ? error.message : error.detail) };
  }
}

function describe(server: Server, viaSocket: boolean): string {
  const way = viaSocket ? 'through a Unix socket' : server.tls === null ? 'without TLS' : `over ${server.tls}`;
  const azure = server.azure ? ' (Azure)' : '';
  return `${productOf(server)} ${server.version}${azure} ${way}, administrator ${quotedAdministrator(server)}.`;
}

export function schedulerWarning({ eventScheduler, azure }: Server): string[] {
  if (eventScheduler) return [];
  const how = azure
    ? 'set the server parameter event_scheduler to ON'
    : 'run SET GLOBAL event_scheduler = ON, and write it into the server’s configuration';
  return [
    `Its event scheduler is off: if this gateway is down at a grant's end, nothing locks the account until it is back. To have the database do it, ${how}.`,
  ];
}

export function clockWarning({ skewMs }: Server): string[] {
  if (skewMs === 0) return [];
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return [
    `Its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the control plane's; ends are set by its clock.`,
  ];
}

/** The link carries 2000 characters. */
const cut = (text: string) => (text.length <= 2000 ? text : `${text.slice(0, 1999)}…`);
