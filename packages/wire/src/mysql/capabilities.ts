/**
 * Capability flags of the handshake (MySQL "Capabilities Flags", MariaDB "Connecting: capabilities"): what both ends of a
 * session have agreed on decides how its packets are read.
 */

/** The 32 bits that MySQL and MariaDB share. MariaDB calls the first `CLIENT_MYSQL`. */
export const Capability = {
  longPassword: 2 ** 0,
  foundRows: 2 ** 1,
  longFlag: 2 ** 2,
  connectWithDatabase: 2 ** 3,
  noSchema: 2 ** 4,
  compress: 2 ** 5,
  odbc: 2 ** 6,
  localFiles: 2 ** 7,
  ignoreSpace: 2 ** 8,
  protocol41: 2 ** 9,
  interactive: 2 ** 10,
  ssl: 2 ** 11,
  ignoreSigpipe: 2 ** 12,
  transactions: 2 ** 13,
  reserved: 2 ** 14,
  secureConnection: 2 ** 15,
  multiStatements: 2 ** 16,
  multiResults: 2 ** 17,
  preparedMultiResults: 2 ** 18,
  pluginAuth: 2 ** 19,
  connectAttributes: 2 ** 20,
  pluginAuthLengthEncoded: 2 ** 21,
  canHandleExpiredPasswords: 2 ** 22,
  sessionTrack: 2 ** 23,
  deprecateEof: 2 ** 24,
  optionalResultsetMetadata: 2 ** 25,
  zstdCompression: 2 ** 26,
  queryAttributes: 2 ** 27,
  multiFactorAuthentication: 2 ** 28,
  capabilityExtension: 2 ** 29,
  sslVerifyServerCertificate: 2 ** 30,
  rememberOptions: 2 ** 31,
} as const;

/** MariaDB's own 32 bits, sent where MySQL has reserved bytes, by who does not set `longPassword`. */
export const MariadbCapability = {
  progress: 2 ** 0,
  /** COM_MULTI: several commands in one packet. Gone from servers since 10.3. */
  multi: 2 ** 1,
  bulkOperations: 2 ** 2,
  extendedMetadata: 2 ** 3,
  cacheMetadata: 2 ** 4,
  bulkUnitResults: 2 ** 5,
} as const;

/**
 * What a session may have agreed on for its packets to be readable here; the handshake takes everything else out of both
 * ends' flags. Left out: compression, and what would change the meaning of packets in a way not known here. `localFiles`
 * belongs to it only where the resource allows LOCAL INFILE: a server that was not given it refuses the statement itself,
 * and the session goes on.
 */
export const READABLE_CAPABILITIES: number =
  ~(
    Capability.compress |
    Capability.zstdCompression |
    Capability.optionalResultsetMetadata |
    Capability.capabilityExtension |
    Capability.localFiles
  ) >>> 0;

/** The same of MariaDB's own flags. */
export const READABLE_MARIADB_CAPABILITIES: number =
  MariadbCapability.progress |
  MariadbCapability.bulkOperations |
  MariadbCapability.extendedMetadata |
  MariadbCapability.cacheMetadata |
  MariadbCapability.bulkUnitResults;

/** Whether all bits of `flag` are in `flags`; both unsigned 32 bits. */
export function has(flags: number, flag: number): boolean {
  return (flags & flag) >>> 0 === flag;
}

/** What a session agreed on. */
export interface Agreed {
  /** Flags that both ends have set. */
  readonly capabilities: number;
  /** MariaDB's own, likewise; 0 with MySQL. */
  readonly mariadbCapabilities: number;
  /** By the server's version text. */
  readonly flavour: 'mysql' | 'mariadb';
}

/** Bits of the status that OK and EOF packets carry (SERVER_STATUS_flags_enum). */
export const Status = {
  inTransaction: 0x0001,
  autocommit: 0x0002,
  moreResults: 0x0008,
  cursorExists: 0x0040,
  lastRowSent: 0x0080,
} as const;
