/** What a fresh connection is told, and what it tells of its server. */
import { z } from 'zod';
import { ProvisionError } from '../../provisioner.ts';

/** One engine, told apart at run time. */
export type Flavour = 'mysql' | 'mariadb';

export interface Server {
  readonly flavour: Flavour;
  /** As the server says it: `8.0.41`, `10.11.19-MariaDB-0+deb12u1`. */
  readonly version: string;
  /** Major and minor: 8.4 is 804, 10.11 is 1011. */
  readonly release: number;
  /** The administrator's account, as the server matched it: `tidegate@%`. */
  readonly administrator: string;
  /** TLS version, null: without. */
  readonly tls: string | null;
  /** Azure Database for MySQL: sessions are ended by a procedure. */
  readonly azure: boolean;
  /** The dead man's switch works only with it. */
  readonly eventScheduler: boolean;
  /** Names of databases are kept in lower case (Azure's default): how they are written makes no difference. */
  readonly lowerCaseNames: boolean;
  /** How far the server's clock is ahead of the control plane's, in ms; 0 where the difference is in the noise. */
  readonly skewMs: number;
}

/** As a person names it. */
export const productOf = ({ flavour }: Pick<Server, 'flavour'>) => (flavour === 'mariadb' ? 'MariaDB' : 'MySQL');

const OLDEST: Readonly<Record<Flavour, { readonly release: number; readonly text: string }>> = {
  mysql: { release: 800, text: '8.0' },
  mariadb: { release: 1006, text: '10.6' },
};

/**
 * A clock may be a little off, and a round trip takes its time: less than this is no difference. With more, ends are
 * translated to the server's clock, because its events go by that one.
 */
const SKEW_NOISE_MS = 2_000;

/**
 * Nobody's settings but ours count, whatever `init_connect` or the server's defaults say. Lock waits are short, because who
 * waits for an exclusive lock holds up everybody behind; the server's own default for metadata is a day.
 */
export const OUR_SQL_MODE = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION';
const SETTINGS = [
  `sql_mode = '${OUR_SQL_MODE}'`,
  "time_zone = '+00:00'",
  'autocommit = 1',
  'lock_wait_timeout = 3',
  'innodb_lock_wait_timeout = 3',
  'wait_timeout = 60',
  'net_read_timeout = 15',
  'net_write_timeout = 15',
];
/** The longest a statement may take, in each one's own unit (seconds; milliseconds, and there only for reading). */
const STATEMENT_LIMIT: Readonly<Record<Flavour, string>> = {
  mariadb: 'max_statement_time = 15',
  mysql: 'max_execution_time = 15000',
};

const facts = z.object({
  version: z.string(),
  administrator: z.string(),
  read_only: z.coerce.number(),
  events: z.string(),
  lower_case: z.coerce.number(),
  now_ms: z.coerce.number(),
});
const variable = z.object({ Value: z.string() });

const FACTS = `SELECT VERSION() AS version, CURRENT_USER() AS administrator, @@GLOBAL.read_only AS read_only,
  @@GLOBAL.event_scheduler AS events, @@GLOBAL.lower_case_table_names AS lower_case, UNIX_TIMESTAMP(NOW(6)) * 1000 AS now_ms`;

/** One statement, its rows. */
export type Ask = (text: string) => Promise<readonly unknown[]>;

/** @throws ProvisionError on a replica or a server that is too old. */
export async function welcome(ask: Ask, controlNow: () => number): Promise<Server> {
  await ask('SET NAMES utf8mb4');
  await ask(`SET SESSION ${SETTINGS.join(', ')}`);
  const before = controlNow();
  const [row] = await ask(FACTS);
  const middle = (before + controlNow()) / 2;
  const found = facts.parse(row);
  const flavour = found.version.toLowerCase().includes('mariadb') ? 'mariadb' : 'mysql';
  const release = releaseOf(found.version);
  if (release < OLDEST[flavour].release) throw tooOld(flavour, found.version);
  if (found.read_only !== 0) throw replica();
  await ask(`SET SESSION ${STATEMENT_LIMIT[flavour]}`);
  const [cipher] = await ask("SHOW SESSION STATUS LIKE 'Ssl_version'");
  const azure = await ask("SHOW GLOBAL VARIABLES LIKE 'aad_auth_only'");
  const tls = cipher === undefined ? '' : variable.parse(cipher).Value;
  const skew = Math.round(found.now_ms - middle);
  return {
    flavour,
    version: found.version,
    release,
    administrator: found.administrator,
    tls: tls === '' ? null : tls,
    azure: azure.length > 0,
    eventScheduler: found.events === 'ON',
    lowerCaseNames: found.lower_case !== 0,
    skewMs: Math.abs(skew) < SKEW_NOISE_MS ? 0 : skew,
  };
}

/** `5.5.5-10.11.2-MariaDB` is what older MariaDB says to please older clients. */
function releaseOf(version: string): number {
  const [, major, minor] = /^(?:5\.5\.5-)?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major ?? 0) * 100 + Number(minor ?? 0);
}

const tooOld = (flavour: Flavour, version: string) =>
  new ProvisionError(
    'The database is too old for Tidegate.',
    'too_old',
    `${productOf({ flavour })} ${version} is too old: ${OLDEST[flavour].text} or newer is needed.`,
  );

const replica = () =>
  new ProvisionError(
    'The database is read-only at the moment.',
    'replica',
    'This server is read-only (a replica, or read_only is on): give the address of the primary, principals are made there.',
  );
