/** Tables of gateways, configuration, secrets and the record (`migrations/0002_record.ts`). */

// biome-ignore lint/suspicious/noEmptyInterface: its tables come with 0002
export interface RecordTables {}
