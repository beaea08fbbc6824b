/**
 * Which of a client's start-up parameters reach the real server.
 *
 * Most do, and so does `options`: the server takes them as the principal, a role without superuser, so it grants what a
 * SET in the session would get, and no more. pgbouncer's trouble with a client's search_path (CVE-2025-12819) came from
 * queries that the pooler itself ran, as another user, on a connection that carried the client's settings. The gateway
 * runs no query of its own on a session's connection, and must never begin to.
 *
 * Refused are the settings that say as whom the session acts (the owner's SET ROLE is set on the principal, and a
 * start-up parameter would take precedence over it) and those that load code into the backend.
 */
import { ProtocolError, SqlState } from '../refusal.ts';

const REFUSED: ReadonlySet<string> = new Set([
  'role',
  'session_authorization',
  'is_superuser',
  'replication',
  'user',
  'database',
  'local_preload_libraries',
  'session_preload_libraries',
  'shared_preload_libraries',
  'dynamic_library_path',
  'allow_system_table_mods',
]);

/**
 * The parameters to send upstream, as they came. Throws ProtocolError when one is refused, naming it: dropping it
 * silently would leave the client with another session than it asked for.
 */
export function upstreamParameters(parameters: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  for (const [name, value] of parameters) {
    refuseIfListed(name);
    if (name.toLowerCase() === 'options') for (const setting of settingsIn(value)) refuseIfListed(setting);
  }
  return parameters;
}

function refuseIfListed(name: string): void {
  // As PostgreSQL reads names: without regard to case, and in `options` a dash is an underscore.
  if (REFUSED.has(name.toLowerCase().replaceAll('-', '_'))) {
    throw new ProtocolError(
      'client',
      SqlState.featureNotSupported,
      `parameter "${name}" cannot be set when connecting`,
    );
  }
}

/**
 * Names of the settings in `options`, which holds command-line switches of a backend. Only `-c name=value` and
 * `--name=value` are let through; the one-letter switches are for the one who runs the server.
 */
function settingsIn(options: string): string[] {
  const names: string[] = [];
  const words = splitOptions(options);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    let setting: string | undefined;
    if (word === '-c') setting = words.shift();
    else if (word.startsWith('-c') || word.startsWith('--')) setting = word.slice(2);
    const equals = setting?.indexOf('=') ?? -1;
    if (setting === undefined || equals < 1) {
      throw new ProtocolError(
        'client',
        SqlState.featureNotSupported,
        'startup parameter "options" takes only "-c name=value" and "--name=value"',
      );
    }
    names.push(setting.slice(0, equals));
  }
  return names;
}

/** Splits at white space as pg_split_opts does: a backslash takes the next character as it is. */
function splitOptions(options: string): string[] {
  return [...options.matchAll(/(?:\\[\s\S]|[^\\ \t\n\v\f\r])+/g)].map(([word]) => word.replaceAll(/\\([\s\S])/g, '$1'));
}
