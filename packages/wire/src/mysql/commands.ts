/** The commands of a client: their numbers and names (MySQL "Command Phase", MariaDB "Text and binary protocol"). */

export const Command = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  refresh: 0x07,
  shutdown: 0x08,
  statistics: 0x09,
  processInfo: 0x0a,
  processKill: 0x0c,
  debug: 0x0d,
  ping: 0x0e,
  changeUser: 0x11,
  binlogDump: 0x12,
  tableDump: 0x13,
  registerReplica: 0x15,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  close: 0x19,
  reset: 0x1a,
  setOption: 0x1b,
  fetch: 0x1c,
  binlogDumpGtid: 0x1e,
  resetConnection: 0x1f,
  /** MariaDB. */
  bulkExecute: 0xfa,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [Command.quit, 'COM_QUIT'],
  [Command.initDb, 'COM_INIT_DB'],
  [Command.query, 'COM_QUERY'],
  [Command.fieldList, 'COM_FIELD_LIST'],
  [Command.refresh, 'COM_REFRESH'],
  [Command.shutdown, 'COM_SHUTDOWN'],
  [Command.statistics, 'COM_STATISTICS'],
  [Command.processInfo, 'COM_PROCESS_INFO'],
  [Command.processKill, 'COM_PROCESS_KILL'],
  [Command.debug, 'COM_DEBUG'],
  [Command.ping, 'COM_PING'],
  [Command.changeUser, 'COM_CHANGE_USER'],
  [Command.binlogDump, 'COM_BINLOG_DUMP'],
  [Command.tableDump, 'COM_TABLE_DUMP'],
  [Command.registerReplica, 'COM_REGISTER_SLAVE'],
  [Command.prepare, 'COM_STMT_PREPARE'],
  [Command.execute, 'COM_STMT_EXECUTE'],
  [Command.sendLongData, 'COM_STMT_SEND_LONG_DATA'],
  [Command.close, 'COM_STMT_CLOSE'],
  [Command.reset, 'COM_STMT_RESET'],
  [Command.setOption, 'COM_SET_OPTION'],
  [Command.fetch, 'COM_STMT_FETCH'],
  [Command.binlogDumpGtid, 'COM_BINLOG_DUMP_GTID'],
  [Command.resetConnection, 'COM_RESET_CONNECTION'],
  [Command.bulkExecute, 'COM_STMT_BULK_EXECUTE'],
]);

/** The command's name; `command 0x2a` for one that isn't known. */
export function commandName(command: number): string {
  return NAMES.get(command) ?? `command 0x${command.toString(16).padStart(2, '0')}`;
}

/** How a command is walked. */
export const Route = {
  /** The gateway says no, and the session goes on: another user, replication, shutdown, and what isn't known. */
  refused: 0,
  /** Text that the database runs. */
  query: 1,
  /** Names a prepared statement by its number. */
  statement: 2,
  /** Names a connection by its number. */
  kill: 3,
  /** Any other. */
  plain: 4,
} as const;

export const ROUTES = new Uint8Array(256);
ROUTES[Command.query] = Route.query;
ROUTES[Command.processKill] = Route.kill;
for (const command of [
  Command.execute,
  Command.sendLongData,
  Command.close,
  Command.reset,
  Command.fetch,
  Command.bulkExecute,
]) {
  ROUTES[command] = Route.statement;
}
for (const command of [
  Command.quit,
  Command.initDb,
  Command.fieldList,
  Command.refresh,
  Command.statistics,
  Command.processInfo,
  Command.debug,
  Command.ping,
  Command.prepare,
  Command.setOption,
  Command.resetConnection,
]) {
  ROUTES[command] = Route.plain;
}

/** Statement number of MariaDB's clients for "the one prepared last". */
export const LAST_PREPARED = 0xffffffff;
/** In COM_STMT_EXECUTE's flags: rows are to be fetched from a cursor / the count of parameters is in the packet. */
export const EXECUTE_CURSOR = 0x07;
export const EXECUTE_COUNT = 0x08;
/** In COM_STMT_BULK_EXECUTE's flags (their low byte): types are in the packet. */
export const BULK_TYPES = 0x80;
