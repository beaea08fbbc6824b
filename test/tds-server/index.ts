/** A TDS server for tests. See README.md. */
export type { Federation, Route, TdsServerOptions } from './options.ts';
export { type SeenLogin, TdsServer } from './server.ts';
