/**
 * Why a client is not let in. One closed list for all engines; each engine says it in its own protocol
 * (`engines/<engine>/errors`), the record and the docs by the same code.
 */
import type { ProtocolError } from '@tidegate/wire';

export const REFUSALS = [
  /** Unknown login name, wrong ticket: the same to whoever asks, in words and in time. */
  'login_failed',
  'grant_not_open',
  'grant_over',
  'out_of_touch',
  'too_many_sessions',
  'too_many_connections',
  'database_not_covered',
  'tls_required',
  'not_supported',
  'protocol_violation',
  'handshake_timeout',
  'database_unreachable',
  'database_refused',
  'record_unavailable',
  'gateway_stopping',
  'internal',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

export interface RefusalMore {
  /** What to do next, for the person. */
  readonly next?: string;
  /** In the engine's own code (a SQLSTATE), where it says more than ours: an error of the real server's. */
  readonly engineCode?: string;
  /** For the operator's log only. */
  readonly cause?: unknown;
}

/** Shown to the client: message and `next` hold no secrets and nothing of what is behind the gateway. */
export class LoginRefused extends Error {
  readonly code: RefusalCode;
  readonly next: string;
  readonly engineCode: string | null;

  constructor(code: RefusalCode, message: string, more: RefusalMore = {}) {
    super(message, { cause: more.cause });
    this.name = 'LoginRefused';
    this.code = code;
    this.next = more.next ?? '';
    this.engineCode = more.engineCode ?? null;
  }
}

/** The client went away, or never was one: there is nobody to answer and nothing to record. */
export class ClientGone extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'ClientGone';
  }
}

/** What broke the protocol of a handshake, said to the client when it was the client's doing. */
export function refusedFor(error: ProtocolError): LoginRefused {
  if (error.side === 'server') {
    return new LoginRefused('database_refused', 'the database does not speak as expected', {
      next: 'Tell an administrator.',
      cause: error,
    });
  }
  const code = error.code === '0A000' ? 'not_supported' : 'protocol_violation';
  return new LoginRefused(code, error.message, { engineCode: error.code });
}
