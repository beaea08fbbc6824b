import { EmbeddedError } from '../errors.ts';

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

/** What safety and this package's own working rest on, whatever the cluster. */
const FIXED_VALUES: Readonly<Record<string, string>> = {
  unix_socket_permissions: '0700',
  password_encryption: 'scram-sha-256',
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
  log_min_duration_sample: '-1',
};

const FIXED = new Set([
  ...Object.keys(FIXED_VALUES),
  'listen_addresses',
  'port',
  'unix_socket_directories',
  'cluster_name',
  'allow_alter_system',
  'data_directory',
  'config_file',
  'hba_file',
]);

function fixed(configuration: Configuration): Record<string, string> {
  return {
    ...FIXED_VALUES,
    listen_addresses: configuration.host ?? '',
    port: String(configuration.port),
    unix_socket_directories: `"${configuration.socketDir.replaceAll('"', '""')}"`,
    cluster_name: `tidegate-${configuration.name}`,
    // From 17 on ALTER SYSTEM, whose file would come before ours, can be switched off.
    ...(configuration.major >= 17 ? { allow_alter_system: 'off' } : {}),
  };
}

/** @throws EmbeddedError `bad_option` for a setting that is ours to make, or cannot be written */
export function checkSettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(name) || FIXED.has(name)) {
      throw new EmbeddedError('bad_option', `The cluster needs its own value of the setting ${JSON.stringify(name)}.`);
    }
    if (/[\r\n\0]/.test(value)) throw new EmbeddedError('bad_option', `The setting ${name} must be one line.`);
  }
}

/** `postgresql.conf`; the settings have been checked. */
export function serverConf(configuration: Configuration): string {
  const all = {
    ...DEFAULTS,
    ...(configuration.major >= 18 ? DEFAULTS_FROM_18 : {}),
    ...configuration.settings,
    ...fixed(configuration),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${quote(value)}`);
  return `# Written by Tidegate at each start; changes made here are lost.\n${lines.join('\n')}\n`;
}

/** In postgresql.conf a quote is doubled and a backslash escapes. */
function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** `pg_hba.conf`: a password for everyone, on the socket too; no replication. Which addresses, `listen_addresses` says. */
export function accessRules(configuration: Configuration): string {
  const lines = ['# Written by Tidegate at each start; changes made here are lost.', 'local all all scram-sha-256'];
  if (configuration.host !== null) lines.push('host all all all scram-sha-256');
  return `${lines.join('\n')}\n`;
}
