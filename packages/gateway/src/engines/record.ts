/** How main reads, for the record, what a session's bytes hold in an engine's own form. One line an engine. */
import type { Engine, JsonObject } from '@tidegate/core';
import { postgresRecord } from './postgres/record.ts';

export interface RecordEngine {
  /**
   * Bound values, decoded as far as their types are known. `types` is what the walker last told of the statement's
   * parameters. Each is a `boundValue` of the contract. What can't be read is given as it stands. `partial`: more bytes
   * follow, in other records.
   */
  values(bytes: Buffer, types: Buffer | null, partial: boolean): readonly JsonObject[];
  /** A call without SQL text: what is called, as text, and its arguments. */
  call(bytes: Buffer, partial: boolean): { readonly text: string; readonly values: readonly JsonObject[] };
}

export const recordEngines: Readonly<Record<Engine, RecordEngine>> = {
  postgres: postgresRecord,
};
