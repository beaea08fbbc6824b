/**
 * How a client proves that it knows a ticket. `caching_sha2_password` is offered; `mysql_native_password` is taken where
 * the client chooses it; the password itself, inside TLS only: by `mysql_clear_password`, or as the second step of
 * `caching_sha2_password`. Login names that are nobody's go the whole way too, and fail at its end like a wrong ticket.
 */
import type { Buffer } from 'node:buffer';
import { judgePlainPassword, mysql, postgres } from '@tidegate/wire';
import type { Challenge, Proof } from '../../relay/admit.ts';
import type { TicketVerifiers } from '../../relay/grants.ts';
import type { Exchange } from './exchange.ts';

/** What tickets have: an unknown login name must cost as much as one of ours. */
const ITERATIONS = 4096;
const { Plugin } = mysql;

export interface ProofOptions {
  readonly client: Exchange;
  readonly response: mysql.HandshakeResponse;
  /** What the proof covers. */
  readonly nonce: Buffer;
  readonly challenge: Challenge;
  /** Inside TLS. */
  readonly secure: boolean;
  readonly mockSecret: Buffer;
}

export interface Proved {
  readonly proof: Proof;
  /** What the client must hear before its OK; none in most methods. */
  readonly before: readonly Buffer[];
}

export async function prove(options: ProofOptions): Promise<Proved> {
  const { client, nonce, secure, challenge } = options;
  const tickets = challenge.tickets?.verifiers ?? [];
  const { method, proof } = await said(options);
  if (method === Plugin.clear) return { proof: await plain(proof, options), before: [] };
  if (method === Plugin.native) {
    const kept = tickets.map((ticket) => ticket.mysql?.native ?? null);
    return { proof: mysql.judgeNative(proof, nonce, kept), before: [] };
  }
  const kept = tickets.map((ticket) => ticket.mysql?.sha2 ?? null);
  const fast = mysql.judgeSha2(proof, nonce, kept);
  if (fast.accepted) return { proof: fast, before: [mysql.authMore(mysql.CachingSha2.fastDone)] };
  // Without TLS the password is not asked for, nor a key given to hide it with: the short proof alone counts there. An
  // empty one says that there is no password.
  if (!secure || proof.length === 0) return { proof: fast, before: [] };
  client.send(mysql.authMore(mysql.CachingSha2.fullWanted));
  return { proof: await plain(await client.receive(), options), before: [] };
}

/** The method that the client proves itself by, and its proof; another is asked for where the client's is not taken. */
async function said({ client, response, nonce, secure }: ProofOptions): Promise<{ method: string; proof: Buffer }> {
  const { plugin, proof, capabilities } = response;
  const switches = mysql.has(capabilities, mysql.Capability.pluginAuth);
  const method = switches ? plugin : Plugin.native;
  const taken = method === Plugin.cachingSha2 || method === Plugin.native || (method === Plugin.clear && secure);
  // A client that was told to use another method than was offered says nothing yet, and waits to be asked by it.
  const waits = proof.length === 0 && method !== Plugin.cachingSha2;
  if (taken && !waits) return { method, proof };
  const asked = taken ? method : Plugin.cachingSha2;
  client.send(mysql.authSwitch(asked, nonce));
  return { method: asked, proof: await client.receive() };
}

/** A password that is no text is wrong like any other. */
async function plain(body: Buffer, { challenge, mockSecret }: ProofOptions): Promise<Proof> {
  const candidates: TicketVerifiers | ReturnType<typeof postgres.mockCandidates> =
    challenge.tickets ?? postgres.mockCandidates(mockSecret, challenge.attempt.loginName, ITERATIONS);
  return judgePlainPassword(mysql.readPlainPassword(body) ?? '', candidates);
}
