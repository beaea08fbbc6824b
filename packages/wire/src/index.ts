export * as mysql from './mysql/index.ts';
export { judgePlainPassword } from './plain-password.ts';
export * as postgres from './postgres/index.ts';
export * from './refusal.ts';
export * as sqlserver from './sqlserver/index.ts';
export * from './statements.ts';
export type { BoundValue, ValueOptions } from './values.ts';
