export * from './auth-packets.ts';
export * from './auth-proofs.ts';
export * from './capabilities.ts';
export * from './handshake.ts';
export * from './handshake-response.ts';
export { type LoginPacket, LoginPackets, packet } from './login-packets.ts';
export * from './login-results.ts';
export { Command, commandName } from './commands.ts';
export { MysqlSession, type SessionOptions } from './session.ts';
