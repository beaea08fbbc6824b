/** Refusals and farewells in PostgreSQL's protocol: FATAL errors with the SQLSTATE that drivers act on. */
import type { Buffer } from 'node:buffer';
import type { DisconnectReason } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import type { Farewell } from '../../relay/cut.ts';
import type { LoginRefused, RefusalCode } from '../../relay/refusal.ts';

/** 57P03 (cannot connect now) where trying again later makes sense. */
const REFUSED: Readonly<Record<RefusalCode, string>> = {
  login_failed: '28P01',
  grant_not_open: '57P03',
  grant_over: '28000',
  out_of_touch: '57P03',
  too_many_sessions: '53300',
  too_many_connections: '53300',
  database_not_covered: '3D000',
  tls_required: '28000',
  not_supported: '0A000',
  protocol_violation: '08P01',
  handshake_timeout: '57014',
  database_unreachable: '57P03',
  database_refused: '28000',
  record_unavailable: '58030',
  gateway_stopping: '57P01',
  internal: 'XX000',
};

/** Most are 57P01 (admin shutdown): drivers and poolers know it as "this connection is gone, the statement may be too". */
function codeOf(reason: DisconnectReason): string {
  switch (reason) {
    case 'record_unavailable':
      return '58030';
    case 'protocol_violation':
      return '08P01';
    case 'server_closed':
    case 'server_gone':
      return '08006';
    default:
      return '57P01';
  }
}

export function refusalMessage(refused: LoginRefused): Buffer {
  return postgres.fatal(refused.engineCode ?? REFUSED[refused.code], refused.message, {
    detail: `Tidegate: ${refused.code}`,
    ...(refused.next === '' ? {} : { hint: refused.next }),
  });
}

export function farewellMessage({ reason, message, next, engineCode }: Farewell): Buffer {
  return postgres.fatal(engineCode ?? codeOf(reason), `session ended: ${message}`, {
    detail: `Tidegate: ${reason}`,
    ...(next === '' ? {} : { hint: next }),
  });
}
