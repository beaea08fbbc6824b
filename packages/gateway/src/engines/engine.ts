/**
 * What an engine is to the gateway: one folder that exports one of these, and one line in `engines.ts`. Each process
 * loads the parts it needs: relay workers the relay, main the provisioner (with its database driver) and the record.
 */
import type { Buffer } from 'node:buffer';
import type { Engine, JsonObject } from '@tidegate/core';
import type { TextEncoding } from '../record/text.ts';
import type { RelayEngine } from '../relay/engine.ts';
import type { Provisioner, ProvisionerContext } from './provisioner.ts';

export interface EngineModule {
  readonly engine: Engine;
  /** Where its clients connect, unless the environment variable says otherwise. */
  readonly port: { readonly variable: string; readonly standard: number };
  /**
   * May a listener on loopback do without TLS? Only where the login itself never shows the password: PostgreSQL's SCRAM,
   * MySQL's challenges. SQL Server's login hides it from nobody.
   */
  readonly plainOnLoopback: boolean;
  /**
   * Lets clients through. `mockSecret`: what stands in for a verifier where a login name is nobody's, so that unknown
   * names are treated as known ones are.
   */
  readonly relay: (mockSecret: Buffer) => Promise<RelayEngine>;
  /** Makes, opens, closes and finds principals. */
  readonly provisioner: () => Promise<(context: ProvisionerContext) => Provisioner>;
  /** Reads for the record what a session's bytes hold. */
  readonly record: RecordEngine;
  /** Makes the fingerprints of statements; null: none can be made, and statements are hashed instead. */
  readonly shape: (() => Promise<ShapeOf>) | null;
}

/** How main reads, for the record, what a session's bytes hold in an engine's own form. */
export interface RecordEngine {
  /** How statements are encoded. */
  readonly encoding: TextEncoding;
  /**
   * Bound values, decoded as far as their types are known. `types` is what the walker last told of the statement's
   * parameters. Each is a `boundValue` of the contract. What can't be read is given as it stands. `partial`: more bytes
   * follow, in other records.
   */
  values(bytes: Buffer, types: Buffer | null, partial: boolean): readonly JsonObject[];
  /**
   * A call without SQL text: what is called, as text, and its arguments. `partial`: more bytes follow in other records,
   * or the arguments are kept off the record.
   */
  call(bytes: Buffer, partial: boolean): { readonly text: string; readonly values: readonly JsonObject[] };
}

/** Fingerprint of a statement's text, or null where it can't be parsed. Synchronous: it is called before the chunk goes. */
export type ShapeOf = (text: string) => string | null;
