import { EmbeddedError } from './errors.ts';

/** What the server is told at every start; the two files are written anew each time. */
export interface Configuration {
  readonly name: string;
  readonly major: number;
  readonly socketDir: string;
  readonly port: number;
  /** null: no TCP at all */
  readonly host: string | null;
  readonly settings: Readonly<Record<string, string>>;
}

/** A small footprint: a store or a demo, beside its users on one machine. Callers may set any of these. */
const DEFAULTS: Readonly<Record<string, string>> = {
  max_connections: '100',
  shared_buffers: '64MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_wal_size: '256MB',
  // One server that nothing replicates: the least WAL, and a bulk load into a new table writes none.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  max_worker_processes: '4',
  max_parallel_workers: '2',
  autovacuum_max_workers: '2',
  jit: 'off',
  huge_pages: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** From 18 on asynchronous reads default to three more processes, which a small cluster does not repay. */
const DEFAULTS_FROM_18: Readonly<Record<string, string>> = { io_method: 'sync' };

/** From 17 on a superuser's ALTER SYSTEM, which would come before this file, can be switched off. */
const FIXED_FROM_17: Readonly<Record<string, string>> = { allow_alter_system: 'off' };

/** What safety and this package's own working rest on. */
function fixed(configuration: Configuration): Record<string, string> {
  return {
    listen_addresses: configuration.host ?? '',
    port: String(configuration.port),
    unix_socket_directories: `"${configuration.socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    cluster_name: `tidegate-${configuration.name}`,
    // We read the log from stderr, in English, to learn when the server is ready.
    logging_collector: 'off',
    log_destination: 'stderr',
    lc_messages: 'C',
    log_min_messages: 'warning',
    log_line_prefix: '%m [%p] ',
    // Statements can hold secrets (ALTER ROLE … PASSWORD): none go to the log, failed ones neither.
    log_min_error_statement: 'panic',
    log_statement: 'none',
    log_min_duration_statement: '-1',
    ...(configuration.major >= 17 ? FIXED_FROM_17 : {}),
  };
}

/** `postgresql.conf`. @throws EmbeddedError `bad_option` for a setting that is ours to make */
export function serverConf(configuration: Configuration): string {
  const ours = fixed(configuration);
  for (const name of Object.keys(configuration.settings)) {
    if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(name) || name in ours) {
      throw new EmbeddedError(
        'bad_option',
        `The setting ${JSON.stringify(name)} cannot be given: the private cluster needs its own.`,
      );
    }
  }
  const all = {
    ...DEFAULTS,
    ...(configuration.major >= 18 ? DEFAULTS_FROM_18 : {}),
    ...configuration.settings,
    ...ours,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${quote(value)}`);
  return `# Written by Tidegate at each start; changes made here are lost.\n${lines.join('\n')}\n`;
}

/** In postgresql.conf a quote is doubled and a backslash escapes; a line break would end the setting. */
function quote(value: string): string {
  if (/[\r\n\0]/.test(value)) throw new EmbeddedError('bad_option', 'A setting must be one line.');
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** `pg_hba.conf`: a password for everyone, on the socket too; no replication. Which addresses, `listen_addresses` says. */
export function accessRules(configuration: Configuration): string {
  const lines = ['# Written by Tidegate at each start; changes made here are lost.', 'local all all scram-sha-256'];
  if (configuration.host !== null) lines.push('host all all all scram-sha-256');
  return `${lines.join('\n')}\n`;
}
