/** The engines, and what is true of each whoever asks: its name for people and the limits of its names. One entry each. */

export type Engine = 'postgres' | 'mysql' | 'sqlserver';

export interface EngineFacts {
  /** What people call it. */
  readonly label: string;
  /** The longest name of a database, user or role, and what it is counted in. */
  readonly names: { readonly max: number; readonly counted: 'bytes' | 'characters' };
  /** Can a server on the gateway's own machine be reached by a Unix socket? */
  readonly unixSocket: boolean;
  /** Can a server ask its clients for files of theirs (`LOAD DATA LOCAL INFILE`)? */
  readonly localFiles: boolean;
}

export const ENGINES: Readonly<Record<Engine, EngineFacts>> = {
  postgres: { label: 'PostgreSQL', names: { max: 63, counted: 'bytes' }, unixSocket: true, localFiles: false },
  mysql: { label: 'MySQL or MariaDB', names: { max: 64, counted: 'characters' }, unixSocket: true, localFiles: true },
  sqlserver: { label: 'SQL Server', names: { max: 128, counted: 'characters' }, unixSocket: false, localFiles: false },
};

/** How much of a name's limit it takes. */
export const nameLength = (name: string, { names }: EngineFacts): number =>
  names.counted === 'bytes' ? new TextEncoder().encode(name).length : Array.from(name).length;
