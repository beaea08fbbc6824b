export * from './capabilities.ts';
export { Command, commandName } from './commands.ts';
export { MysqlSession, type SessionOptions } from './session.ts';
