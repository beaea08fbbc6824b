/**
 * What the command line knows of an engine: which programs people use it with, how they are told where to go, and how
 * a tool on this machine is let in without a password. One folder an engine, and one line in `engines.ts`.
 */
import type { Socket } from 'node:net';
import type { Connection } from '@tidegate/contract';
import type { Engine } from '@tidegate/core';

export interface EngineClients {
  readonly engine: Engine;
  /** The first that is installed is run by `tidegate connect`. */
  readonly programs: readonly ClientProgram[];
  /** What to install where none is. */
  readonly install: string;
  /** For people and drivers, with the password. */
  uri(connection: Connection, caFile: string): string;
  /** What else `--print` tells. */
  details(connection: Connection): Readonly<Record<string, string>>;
  /** What serves tools on the local port of `tidegate proxy`; loaded when it is needed. */
  local(): Promise<LocalProtocol>;
}

export interface ClientProgram {
  /** As it is called on the PATH. */
  readonly name: string;
  /** It can't be given the password or the authority without showing it, so it goes through a local port of ours. */
  readonly throughProxy: boolean;
  /** How it is run. The password is never among the arguments. `ask`: what the program says, run with these. */
  launch(connection: Connection, caFile: string, ask: (...args: string[]) => string): Launch;
}

export interface Launch {
  readonly args: readonly string[];
  /** Over the person's own; undefined takes a variable away. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One tool on the local port. */
export interface LocalProtocol {
  /**
   * Lets the tool in at the gateway and joins the two. `ours`: false when the tool runs as somebody else, who gets
   * nothing but an error. Rejects when it can't; `refusal` then tells the tool.
   */
  serve(tool: Socket, connection: Connection, ours: boolean): Promise<void>;
  /** The engine's own error message, last word on a connection. */
  refusal(error: unknown): Buffer;
}

export const NOT_OURS = 'this proxy serves only the user who started it';
