/** Refusals and farewells in SQL Server's protocol: an ERROR with a number that drivers act on, and DONE. */
import type { Buffer } from 'node:buffer';
import type { DisconnectReason } from '@tidegate/core';
import { sqlserver } from '@tidegate/wire';
import type { Farewell } from '../../relay/cut.ts';
import type { LoginRefused, RefusalCode } from '../../relay/refusal.ts';

type ErrorCode = readonly [number: number, severity: number];

/** The session is over: drivers close the connection, and say why. */
const FATAL = 20;
/** Login failed. */
const LOGIN_FAILED: ErrorCode = [18456, 14];
/**
 * The server is in script upgrade mode / not ready: try again. Not 4060 nor 40613, at which drivers try again by
 * themselves, without a word to the person who waits.
 */
const NOT_NOW: ErrorCode = [18401, 14];

const REFUSED: Readonly<Record<RefusalCode, ErrorCode>> = {
  login_failed: LOGIN_FAILED,
  grant_not_open: NOT_NOW,
  grant_over: LOGIN_FAILED,
  out_of_touch: NOT_NOW,
  too_many_sessions: [17809, 16],
  too_many_connections: [17809, 16],
  database_not_covered: [916, 14],
  tls_required: [17194, 16],
  not_supported: [18452, 14],
  protocol_violation: [4002, 16],
  handshake_timeout: [17830, 16],
  database_unreachable: NOT_NOW,
  database_refused: LOGIN_FAILED,
  record_unavailable: NOT_NOW,
  gateway_stopping: [6005, 14],
  internal: [17803, 16],
};

/** 596: the session is in the kill state. */
function numberOf(reason: DisconnectReason): number {
  switch (reason) {
    case 'gateway_stopping':
      return 6005;
    case 'protocol_violation':
      return 4002;
    default:
      return 596;
  }
}

/** An error of the real server's, as `LoginRefused.engineCode` carries it. */
export const engineCode = ({ number, severity }: sqlserver.ServerMessage): string => `${number}/${severity}`;

/** Null: it is another's SQLSTATE, or there is none. */
function fromEngineCode(code: string | null): ErrorCode | null {
  const [, number, severity] = /^(\d+)\/(\d+)$/.exec(code ?? '') ?? [];
  return number === undefined || severity === undefined ? null : [Number(number), Number(severity)];
}

export function refusalMessage(refused: LoginRefused, _sequence: number, version: number): Buffer {
  const [number, severity] = fromEngineCode(refused.engineCode) ?? REFUSED[refused.code];
  return said(version, number, severity, words(refused.message, refused.next, refused.code));
}

export function farewellMessage({ reason, message, next }: Farewell, _sequence: number, version: number): Buffer {
  return said(version, numberOf(reason), FATAL, words(`session ended: ${message}`, next, reason));
}

/** A response of its own. A client that has not said its version yet is taken for one of today's. */
function said(version: number, number: number, severity: number, message: string): Buffer {
  const spoken = version === 0 ? sqlserver.TdsVersion.v74 : version;
  const body = sqlserver.errorResponse(spoken, { number, state: 1, severity, message, server: 'tidegate' });
  return sqlserver.packets(sqlserver.PacketType.response, body);
}

/** There is but one text: what happened, what to do, and which of Tidegate's reasons it was. */
function words(message: string, next: string, code: string): string {
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  return `${sentence}${next === '' ? '' : ` ${next}`} (Tidegate: ${code})`;
}
