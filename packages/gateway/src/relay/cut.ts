/** Ending a session from this side: why, by whom, and what the person reads. Said in the engine's protocol elsewhere. */
import type { DisconnectReason } from '@tidegate/core';
import type { Permit } from './admit.ts';
import type { KnownGrant } from './grants.ts';

export interface Cut {
  readonly reason: DisconnectReason;
  /** Who ended it, where a person did. */
  readonly by: string | null;
  readonly comment: string | null;
  /** Overrides the reason's own words: what exactly broke the protocol, in the engine's own code where it has one. */
  readonly violation?: { readonly code: string; readonly message: string };
}

/** What the client is told with its last message. */
export interface Farewell {
  readonly reason: DisconnectReason;
  readonly message: string;
  /** What to do next. */
  readonly next: string;
  /** In the engine's own code, where one fits better than the reason's. */
  readonly engineCode: string | null;
}

export const because = (reason: DisconnectReason): Cut => ({ reason, by: null, comment: null });

/** Why a grant's sessions may not stand, as the table says; null: they may. `gone` is a grant no longer known at all. */
export function grantCut(known: KnownGrant | null): Cut | null {
  // Main forgets a grant only after it was closed; how, the sessions have been told before. One that still stands then
  // belongs to a state this worker missed: the door is shut all the same.
  if (known === null) return because('grant_failed');
  const { grant } = known;
  if (grant.phase !== 'close') return null;
  const { reason, by, comment } = grant.closing ?? { reason: 'failed' as const, by: null, comment: null };
  return { reason: `grant_${reason}`, by, comment };
}

/** The words for a session of `permit` that ends by `cut`. `expiresAt`: the grant's end as now known, RFC 3339. */
export function farewell(cut: Cut, permit: Permit, expiresAt: string | null): Farewell {
  const { grant } = permit;
  const which = `grant ${grant.id} for ${grant.person} on ${grant.resource}`;
  const by = cut.by === null ? '' : ` by ${cut.by}`;
  const comment = cut.comment === null || cut.comment === '' ? '' : `: ${cut.comment}`;
  const ask = `Ask again: tidegate request ${grant.resource} --role ${grant.role.name} --reason "…"`;
  const say = (message: string, next: string): Farewell => ({
    reason: cut.reason,
    message: cut.violation?.message ?? message,
    next,
    engineCode: cut.violation?.code ?? null,
  });
  switch (cut.reason) {
    case 'grant_expired':
      return say(`${which} expired at ${expiresAt ?? 'its end'}`, ask);
    case 'grant_revoked':
      return say(`${which} was revoked${by}${comment}`, 'Talk to who revoked it before you ask again.');
    case 'grant_relinquished':
      return say(`${which} was given back${by}${comment}`, ask);
    case 'grant_failed':
      return say(`${which} is closed${comment}`, ask);
    case 'session_cut':
      return say(
        `this session was ended${by}${comment}`,
        `The grant itself still stands: tidegate sessions ${grant.id}`,
      );
    case 'out_of_touch':
      return say(
        'the gateway is out of touch with the control plane, and sessions do not go on unsupervised',
        'Connect again when the control plane is back; the grant still stands until its end.',
      );
    case 'record_unavailable':
      return say(
        'what this session does can no longer be recorded, so it must not go on',
        'Tell an administrator: the gateway cannot write its record (disk full?).',
      );
    case 'gateway_stopping':
      return say('the gateway is stopping', 'Connect again: the grant still stands until its end.');
    case 'server_gone':
    case 'server_closed':
      return say('the database closed the connection', 'Connect again.');
    case 'protocol_violation':
      return say('the connection broke the protocol', 'Check the client, or report this with its name and version.');
    case 'client_closed':
    case 'client_gone':
    case 'handshake_timeout':
    case 'relay_worker_lost':
      return say('the session is over', 'Connect again.');
  }
}
