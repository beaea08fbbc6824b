/** What the administrator itself may do, read from what the server says it was granted, and what to run where it lacks. */
import { z } from 'zod';
import { LEDGER } from './names.ts';
import { privilegesOf } from './privileges.ts';
import { granted, quoteIdent } from './quote.ts';
import type { Server } from './server.ts';
import type { Session } from './sessions.ts';

interface Granted {
  /** A pattern as GRANT stores it; null: everywhere. */
  readonly place: string | null;
  readonly privileges: ReadonlySet<string>;
  readonly all: boolean;
  readonly grantable: boolean;
}
export type Powers = readonly Granted[];

const line = z.record(z.string(), z.string());
const role = z.object({ roles: z.string().nullable() });

/** Its own grants and, on MySQL, those of its active roles; MariaDB shows both. */
export async function powersOf(session: Session): Promise<Powers> {
  const rows = await session.rows(line, await grantsQuery(session));
  return rows.flatMap((row) => Object.values(row).flatMap(parsed));
}

async function grantsQuery(session: Session): Promise<string> {
  if (session.server.flavour === 'mariadb') return 'SHOW GRANTS';
  const [found] = await session.rows(role, 'SELECT CURRENT_ROLE() AS roles');
  const roles = found?.roles ?? 'NONE';
  // The server's own text of names, quoted by itself.
  return roles === 'NONE' ? 'SHOW GRANTS' : `SHOW GRANTS FOR CURRENT_USER() USING ${roles}`;
}

/** ``GRANT SELECT, INSERT ON `shop`.* TO …``; what is about less than a database is not looked at. */
function parsed(text: string): Granted[] {
  const match = /^GRANT (.+?) ON (\*\.\*|`((?:[^`]|``)+)`\.\*) TO (.*)$/s.exec(text);
  if (match === null) return [];
  const [, list = '', where, place, rest = ''] = match;
  const privileges = list.split(',').map((each) => each.trim().toUpperCase());
  return [
    {
      place: where === '*.*' ? null : (place ?? '').replaceAll('``', '`'),
      privileges: new Set(privileges),
      all: privileges.includes('ALL PRIVILEGES'),
      grantable: /WITH (?:.* )?GRANT OPTION/.test(rest),
    },
  ];
}

const holds = ({ all, privileges }: Granted, name: string) => all || privileges.has(name);

function everywhere(powers: Powers, ...names: readonly string[]): boolean {
  return powers.some((each) => each.place === null && names.some((name) => holds(each, name)));
}

/** In the whole of a database, and able to pass it on where `grantable`. */
function within(powers: Powers, database: string, name: string, grantable: boolean, lower: boolean): boolean {
  return powers.some(
    (each) =>
      holds(each, name) &&
      (each.grantable || !grantable) &&
      (each.place === null || matches(each.place, database, lower)),
  );
}

/** `_` and `%` are wildcards in a stored place, unless a backslash stands before them. */
function matches(place: string, database: string, lower: boolean): boolean {
  const pattern = place.replaceAll(/\\?[\s\S]/g, (part) => {
    if (part === '_') return '[\\s\\S]';
    if (part === '%') return '[\\s\\S]*';
    return part.slice(-1).replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${pattern}$`, lower ? 'i' : '').test(database);
}

export interface Shortcomings {
  /** Without this nothing works. */
  readonly problems: readonly string[];
  /** Without this something does not work as it should. */
  readonly warnings: readonly string[];
}

/** Each says exactly what to run. */
export function shortcomings(
  server: Server,
  powers: Powers,
  databases: readonly string[],
  ownerIsOurs: boolean,
): Shortcomings {
  const admin = quotedAdministrator(server);
  const run = (what: string, where: string, option = '') => `run GRANT ${what} ON ${where} TO ${admin}${option}`;
  const problems: string[] = [];
  const warnings: string[] = [];

  const needed = [
    'CREATE USER',
    'PROCESS',
    ...(everywhere(powers, ...killers(server)) ? [] : killers(server).slice(0, 1)),
  ];
  const lacking = needed.filter((name) => !everywhere(powers, name));
  if (lacking.length > 0)
    problems.push(`${admin} may not make accounts and end sessions: ${run(lacking.join(', '), '*.*')}.`);
  const lower = server.lowerCaseNames;
  if (!within(powers, 'mysql', 'SELECT', false, lower)) {
    problems.push(`${admin} may not see accounts: ${run('SELECT', '`mysql`.*')}.`);
  }
  const ledger = ['CREATE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EVENT'];
  if (!ledger.every((name) => within(powers, LEDGER, name, false, lower))) {
    problems.push(`${admin} may not keep its own database: ${run('ALL', `${quoteIdent(LEDGER)}.*`)}.`);
  }
  const own = privilegesOf('own', server);
  for (const database of databases) {
    const missing = own.filter((name) => !within(powers, database, name, true, lower));
    if (missing.length === 0) continue;
    problems.push(
      `${admin} may not give what roles need in ${quoteIdent(database)}: ${run('ALL', granted(database), ' WITH GRANT OPTION')}.`,
    );
  }

  const definer = definers(server);
  if (!everywhere(powers, ...definer.names)) {
    const whose = ownerIsOurs ? 'the durable account' : 'the owner account';
    warnings.push(
      `Views, routines, triggers and events that owners make cannot be handed to ${whose} at a grant's end: ${run(definer.give, '*.*')}.`,
    );
  }
  if (server.flavour === 'mysql') {
    if (!everywhere(powers, 'SHOW_ROUTINE', 'SELECT')) {
      warnings.push(`Routines that owners make cannot be read to be handed over: ${run('SHOW_ROUTINE', '*.*')}.`);
    }
    if (!everywhere(powers, 'XA_RECOVER_ADMIN')) {
      warnings.push(`Prepared transactions that are left behind cannot be seen: ${run('XA_RECOVER_ADMIN', '*.*')}.`);
    }
  }
  return { problems, warnings };
}

/** Azure's own procedure ends sessions there. The first is what to ask for. */
function killers({ flavour, azure }: Server): readonly string[] {
  if (azure) return [];
  return flavour === 'mariadb' ? ['CONNECTION ADMIN', 'SUPER'] : ['CONNECTION_ADMIN', 'SUPER'];
}

/** To name somebody else as the definer. */
function definers({ flavour, release }: Server): { readonly names: readonly string[]; readonly give: string } {
  if (flavour === 'mariadb') return { names: ['SET USER', 'SUPER'], give: 'SET USER' };
  if (release >= 802) return { names: ['SET_ANY_DEFINER', 'SUPER'], give: 'SET_ANY_DEFINER' };
  return { names: ['SET_USER_ID', 'SUPER'], give: 'SET_USER_ID' };
}

/** `adm@%` as an account; a user's name may hold an `@`, a host's can't. */
export function quotedAdministrator({ administrator }: Pick<Server, 'administrator'>): string {
  const at = administrator.lastIndexOf('@');
  return `${quoteIdent(administrator.slice(0, at))}@${quoteIdent(administrator.slice(at + 1))}`;
}
