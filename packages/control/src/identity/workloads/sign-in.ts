/** Workloads sign in by what their platform vouches for: a federated token, or a client certificate. No secret is kept. */
import type { X509Certificate } from 'node:crypto';
import { type CurrentWorkload, fingerprintOf, subjectParts } from '@tidegate/config';
import { type PersonName, TidegateError } from '@tidegate/core';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import { admitAttempt, forgiveAttempts } from '../attempts.ts';
import { type OpenedLogin, openLoginIn } from '../logins.ts';
import { RefusedToken } from '../oidc/refused.ts';
import { readToken, spendToken } from './token.ts';

/** A pipeline signs in again: its platform gives it another token. */
const LASTS = Temporal.Duration.from({ hours: 1 });

export interface Client {
  readonly address: string;
  readonly userAgent: string | null;
}

/**
 * Throws `login_failed`, whatever was wrong with the token: that is on record, and told to nobody else; `unavailable`
 * when its issuer cannot be asked, `too_many_attempts`.
 */
export function loginWithToken(context: Context, token: string, client: Client): Promise<OpenedLogin> {
  return signedIn(context, client, 'workload', async () => {
    const { workloads } = await currentConfig(context.store.db);
    const shown = await readToken(context, workloads, token);
    return context.store.transaction(async (tx) => {
      const at = context.now();
      await spendToken(tx, shown, at);
      return openLoginIn(tx, context, { ...opening(shown.workload.name, client, at), how: 'workload' });
    });
  });
}

/** A certificate that TLS has checked already: of the client authority, in its time. Throws as `loginWithToken`. */
export function loginWithCertificate(
  context: Context,
  certificate: X509Certificate | null,
  client: Client,
): Promise<OpenedLogin> {
  return signedIn(context, client, 'certificate', async () => {
    if (certificate === null) throw new RefusedToken('the connection shows no certificate of the client authority');
    const { workloads } = await currentConfig(context.store.db);
    const workload = workloads.find((each) => isShownBy(each, certificate));
    if (workload === undefined) throw new RefusedToken('no workload is known by this certificate');
    const at = context.now();
    const ends = Temporal.Instant.fromEpochMilliseconds(certificate.validToDate.getTime());
    const { ends: longest, ...rest } = opening(workload.name, client, at);
    const earlier = Temporal.Instant.compare(ends, longest) < 0 ? ends : longest;
    return context.store.transaction((tx) => openLoginIn(tx, context, { ...rest, ends: earlier, how: 'certificate' }));
  });
}

function isShownBy({ certificates }: CurrentWorkload, certificate: X509Certificate): boolean {
  const fingerprint = fingerprintOf(certificate.fingerprint256);
  const subject = subjectParts(certificate.subject).join('\n');
  return certificates.some((known) =>
    'sha256' in known
      ? fingerprintOf(known.sha256) === fingerprint
      : subjectParts(known.subject).join('\n') === subject,
  );
}

const opening = (person: PersonName, client: Client, at: Temporal.Instant) => ({
  ...client,
  person,
  kind: 'bearer' as const,
  // Nobody is there to show one.
  mfaAt: null,
  authTime: at,
  ends: at.add(LASTS),
});

/** Nobody guesses a token: the limit is for the record's sake, which tells of each that was refused. */
async function signedIn(
  context: Context,
  { address }: Client,
  how: 'workload' | 'certificate',
  work: () => Promise<OpenedLogin>,
): Promise<OpenedLogin> {
  const account = `(${how})`;
  const counted = `${account} ${address}`;
  await admitAttempt(context, 'passkey', counted, address);
  try {
    const opened = await work();
    await forgiveAttempts(context.store.db, 'passkey', counted, address);
    return opened;
  } catch (error) {
    // An issuer out of reach says nothing about who asks.
    if (!(error instanceof TidegateError) || error.code === 'unavailable') throw error;
    const why = error instanceof RefusedToken ? error.why : error.message;
    await context.store.transaction((tx) =>
      appendEvent(tx, { kind: 'login.failed', at: context.now(), data: { person: account, address, how, why } }),
    );
    throw new TidegateError(
      'login_failed',
      how === 'workload' ? 'This token signs no workload in.' : 'This certificate signs no workload in.',
      'Compare issuer, subject and audience, or the certificate, with the configuration; the record says what was wrong.',
      error,
    );
  }
}
