/** What a test says of the server it wants. */
import type { KeyObject } from 'node:crypto';
import type { Login } from './sql/instance.ts';

export interface Federation {
  /** Tokens are JWTs signed with ES256 or RS256 by the key that belongs to this one. */
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly audience: string;
  /** Told to clients that ask where to get a token (library 2). */
  readonly stsUrl: string;
}

export interface Route {
  readonly host: string;
  readonly port: number;
}

export interface TdsServerOptions {
  /** The first is the administrator. */
  readonly logins: readonly Login[];
  /** T-SQL for each database, run by the administrator before anybody comes. */
  readonly databases: Readonly<Record<string, readonly string[]>>;
  /** PEM. null: the server has no encryption, and says so. */
  readonly tls: { readonly key: string; readonly certificate: string } | null;
  /** Takes TLS first and nothing else, as `force strict encryption` has it. */
  readonly strictOnly?: boolean;
  readonly federation?: Federation;
  /** Sends a login elsewhere, once it has succeeded; null: it stays. */
  readonly route?: (database: string) => Route | null;
  /** Packets are never larger, whatever a client asks. */
  readonly maxPacketSize?: number;
  readonly name?: string;
  /** Whether what clients send is kept to be looked at. Default true; a server that is under load for long must not. */
  readonly keepsMessages?: boolean;
}
