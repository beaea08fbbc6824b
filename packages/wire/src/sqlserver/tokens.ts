/** What a server's messages are made of (MS-TDS 2.2.7). */
export const Token = {
  altMetadata: 0x88,
  altRow: 0xd3,
  columnInfo: 0xa5,
  columnMetadata: 0x81,
  done: 0xfd,
  doneInProcedure: 0xff,
  doneProcedure: 0xfe,
  environmentChange: 0xe3,
  error: 0xaa,
  featureAck: 0xae,
  fedAuthInfo: 0xee,
  info: 0xab,
  loginAck: 0xad,
  nullBitmapRow: 0xd2,
  offset: 0x78,
  order: 0xa9,
  returnStatus: 0x79,
  returnValue: 0xac,
  row: 0xd1,
  sessionState: 0xe4,
  sspi: 0xed,
  tableName: 0xa4,
} as const;

/** Bits of the status in DONE, DONEPROC and DONEINPROC (MS-TDS 2.2.7.6). */
export const DoneStatus = {
  final: 0x000,
  more: 0x001,
  error: 0x002,
  inTransaction: 0x004,
  /** The row count means something. */
  count: 0x010,
  /** Answers the client's attention. */
  attention: 0x020,
  /** One of several procedures of one message is done, and it isn't the last. */
  rpcInBatch: 0x080,
  serverError: 0x100,
} as const;

/** Types of ENVCHANGE (MS-TDS 2.2.7.9). */
export const EnvChange = {
  database: 1,
  language: 2,
  characterSet: 3,
  packetSize: 4,
  collation: 7,
  beginTransaction: 8,
  commitTransaction: 9,
  rollbackTransaction: 10,
  enlistDtc: 11,
  defectTransaction: 12,
  mirror: 13,
  promoteTransaction: 15,
  transactionManagerAddress: 16,
  transactionEnded: 17,
  resetAck: 18,
  userInstance: 19,
  routing: 20,
  enhancedRouting: 21,
} as const;
