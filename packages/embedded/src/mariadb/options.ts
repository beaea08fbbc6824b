import { EmbeddedError } from '../errors.ts';

/** What the server is told at every start; the file is written anew each time. */
export interface Told {
  readonly dataFolder: string;
  readonly socket: string;
  /** Of its own: a server that starts removes every other one's temporary tables from a shared folder. */
  readonly temporary: string;
  readonly pidFile: string;
  /** SQL that it runs before it takes connections. */
  readonly initFile: string;
  /** null: no TCP at all */
  readonly tcp: { readonly host: string; readonly port: number } | null;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly settings: Readonly<Record<string, string>>;
}

/** A small footprint: a demo or a test's server, beside its users on one machine. Callers may set any of these. */
const DEFAULTS: Readonly<Record<string, string>> = {
  max_connections: '300',
  innodb_buffer_pool_size: '64M',
  innodb_log_file_size: '32M',
  innodb_buffer_pool_dump_at_shutdown: 'OFF',
  innodb_buffer_pool_load_at_startup: 'OFF',
  aria_pagecache_buffer_size: '8M',
  key_buffer_size: '1M',
  thread_cache_size: '16',
  max_allowed_packet: '64M',
  character_set_server: 'utf8mb4',
  collation_server: 'utf8mb4_unicode_ci',
  default_time_zone: '+00:00',
  skip_log_bin: 'ON',
  // The dead man's switch of a grant is an event.
  event_scheduler: 'ON',
  local_infile: 'OFF',
};

/** What safety and this package's own working rest on. */
const FIXED_VALUES: Readonly<Record<string, string>> = {
  // We read the log from stderr, in English, to learn when the server is ready.
  lc_messages: 'en_US',
  // Statements can hold secrets (CREATE USER … IDENTIFIED BY): none go to a log.
  general_log: 'OFF',
  slow_query_log: 'OFF',
  log_warnings: '1',
  skip_name_resolve: 'ON',
  symbolic_links: 'OFF',
};

const FIXED = new Set([
  ...Object.keys(FIXED_VALUES),
  'datadir',
  'socket',
  'tmpdir',
  'pid_file',
  'init_file',
  'port',
  'bind_address',
  'skip_networking',
  'user',
  'log_error',
  'skip_grant_tables',
  'ssl_cert',
  'ssl_key',
  'basedir',
  'plugin_dir',
  'plugin_load',
  'plugin_load_add',
]);

/** @throws EmbeddedError `bad_option` for a setting that is ours to make, or cannot be written */
export function checkOptions(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[a-z_][a-z0-9_]*$/.test(name) || FIXED.has(name)) {
      throw new EmbeddedError('bad_option', `The server needs its own value of the setting ${JSON.stringify(name)}.`);
    }
    if (/[\r\n\0]/.test(value)) throw new EmbeddedError('bad_option', `The setting ${name} must be one line.`);
  }
}

/** The option file; the settings have been checked. */
export function optionsText(told: Told): string {
  const all: Record<string, string> = {
    ...DEFAULTS,
    ...told.settings,
    ...FIXED_VALUES,
    datadir: told.dataFolder,
    socket: told.socket,
    tmpdir: told.temporary,
    pid_file: told.pidFile,
    init_file: told.initFile,
    ...(told.tcp === null
      ? { skip_networking: 'ON' }
      : { skip_networking: 'OFF', bind_address: told.tcp.host, port: String(told.tcp.port) }),
    ...(told.tls === null ? {} : { ssl_cert: told.tls.cert, ssl_key: told.tls.key, tls_version: 'TLSv1.2,TLSv1.3' }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${quoted(value)}`);
  return `# Written by Tidegate at each start; changes made here are lost.\n[mariadbd]\n${lines.join('\n')}\n`;
}

/** In an option file a backslash escapes and quotes hold `#` and blanks together. */
function quoted(value: string): string {
  return /^[\w.+:/-]*$/.test(value) ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** `CREATE DATABASE` for each, one line a statement, as `init_file` wants them. */
export function initSql(databases: readonly string[]): string {
  return databases
    .map((name) => {
      if (/[\r\n\0]/.test(name)) throw new EmbeddedError('bad_option', 'A database’s name must be one line.');
      return `CREATE DATABASE IF NOT EXISTS \`${name.replaceAll('`', '``')}\`;\n`;
    })
    .join('');
}
