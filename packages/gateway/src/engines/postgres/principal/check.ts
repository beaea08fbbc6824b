/** Can we do our work there? In words that say what to run. */
import { postgres } from '@tidegate/wire';
import { type Health, ProvisionError } from '../../provisioner.ts';
import type { Durable } from './durable.ts';
import type { Server } from './server.ts';
import type { Administrator } from './sessions.ts';

const { quoteIdent } = postgres;

export interface CheckOptions {
  readonly administrator: Administrator;
  readonly home: string;
  readonly viaSocket: boolean;
  /** Mends the durable roles. */
  readonly ensure: () => Promise<Durable>;
}

/** Does not reject for what it finds. */
export async function check({ administrator, home, viaSocket, ensure }: CheckOptions): Promise<Health> {
  try {
    const server = await administrator.use(home, async (session) => session.server);
    if (!server.superuser && !server.createRole) return failing(lacksCreateRole(server));
    const { warnings } = await ensure();
    return { ok: true, detail: cut([describe(server, viaSocket), ...clockWarning(server), ...warnings].join(' ')) };
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    return failing(error.detail === '' ? error.message : error.detail);
  }
}

const failing = (detail: string): Health => ({ ok: false, detail: cut(detail) });

/** What to run where the administrator may not make roles. */
export const lacksCreateRole = ({ administrator }: Server) =>
  `The administrator ${quoteIdent(administrator)} lacks CREATEROLE: run ALTER ROLE ${quoteIdent(administrator)} CREATEROLE as a superuser.`;

function describe(server: Server, viaSocket: boolean): string {
  const way = viaSocket ? 'through a Unix socket' : server.tls === null ? 'without TLS' : `over ${server.tls}`;
  const rank = server.superuser ? ' (a superuser; CREATEROLE would be enough)' : '';
  return `PostgreSQL ${server.versionText} ${way}, administrator ${quoteIdent(server.administrator)}${rank}.`;
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
