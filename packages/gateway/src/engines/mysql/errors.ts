/** Refusals, farewells and answers in MySQL's protocol: ERR packets with the numbers and SQLSTATEs that drivers act on. */
import type { Buffer } from 'node:buffer';
import type { DisconnectReason } from '@tidegate/core';
import { mysql } from '@tidegate/wire';
import type { Farewell } from '../../relay/cut.ts';
import type { LoginRefused, RefusalCode } from '../../relay/refusal.ts';

type ErrorCode = readonly [number: number, state: string];

/** MySQL's own, as far as it has one. 3168 (server isn't available) where trying again later makes sense. */
const REFUSED: Readonly<Record<RefusalCode, ErrorCode>> = {
  login_failed: [1045, '28000'],
  grant_not_open: [3168, 'HY000'],
  grant_over: [1045, '28000'],
  out_of_touch: [3168, 'HY000'],
  too_many_sessions: [1203, '42000'],
  too_many_connections: [1040, '08004'],
  database_not_covered: [1049, '42000'],
  tls_required: [3159, 'HY000'],
  not_supported: [1235, '42000'],
  protocol_violation: [1043, '08S01'],
  handshake_timeout: [1159, '08S01'],
  database_unreachable: [3168, 'HY000'],
  database_refused: [1045, '28000'],
  record_unavailable: [1026, 'HY000'],
  gateway_stopping: [1053, '08S01'],
  internal: [1105, 'HY000'],
};

/** Class 08 throughout: drivers and poolers know it as "this connection is gone". 1927 is MariaDB's "was killed". */
function codeOf(reason: DisconnectReason): ErrorCode {
  switch (reason) {
    case 'record_unavailable':
      return [1026, '08S01'];
    case 'protocol_violation':
      return [1835, '08S01'];
    case 'gateway_stopping':
      return [1053, '08S01'];
    default:
      return [1927, '08S01'];
  }
}

/** An error of the real server's, as `LoginRefused.engineCode` carries it. */
export const engineCode = ({ number, state }: mysql.ErrorFields): string => `${number}/${state}`;

/** Null: it is another's SQLSTATE, or there is none. */
function fromEngineCode(code: string | null): ErrorCode | null {
  const [, number, state] = /^(\d{4,5})\/([0-9A-Z]{5})$/.exec(code ?? '') ?? [];
  return number === undefined || state === undefined ? null : [Number(number), state];
}

export function refusalMessage(refused: LoginRefused, sequence: number): Buffer {
  const [number, state] = fromEngineCode(refused.engineCode) ?? REFUSED[refused.code];
  const message = words(refused.message, refused.next, refused.code);
  // As the very first packet it comes before the client knows of SQLSTATEs.
  return mysql.packet(sequence, mysql.errorBody({ number, state, message }, sequence > 0));
}

export function farewellMessage({ reason, message, next }: Farewell, sequence: number): Buffer {
  const [number, state] = codeOf(reason);
  const text = words(`session ended: ${message}`, next, reason);
  return mysql.packet(sequence, mysql.errorBody({ number, state, message: text }));
}

/** There is but one line: what happened, what to do, and which of Tidegate's reasons it was. */
function words(message: string, next: string, code: string): string {
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  return `${sentence}${next === '' ? '' : ` ${next}`} (Tidegate: ${code})`;
}
