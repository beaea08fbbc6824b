/** A sign-in at a provider that came to nothing: what stands on the record, and what may be told. */
import { TidegateError } from '@tidegate/core';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import { ClientRefused } from './fetch.ts';
import { forgetProvider } from './provider.ts';
import { DeniedByProvider, RefusedToken, toTell } from './refused.ts';

/** Puts a refusal on the record, with its reason, and answers what may be told. A fault of ours is answered as it is. */
export async function explain(
  context: Context,
  { provider }: { readonly provider: string },
  address: string,
  error: unknown,
): Promise<unknown> {
  const told = toTell(provider, error);
  if (told === null) return error;
  if (error instanceof ClientRefused) forgetProvider(provider);
  if (told.code === 'unavailable' || told.code === 'internal') {
    context.log.warn({ err: error, provider }, 'a sign-in at an identity provider could not be finished');
    return told;
  }
  const why = error instanceof RefusedToken || error instanceof DeniedByProvider ? error.why : told.message;
  const data = { provider, why, address, how: 'oidc' };
  await context.store.transaction((tx) => appendEvent(tx, { kind: 'login.failed', at: context.now(), data }));
  return told;
}

/** The code of a refusal that may be told to a terminal. */
export const codeOf = (refusal: unknown): string => (refusal instanceof TidegateError ? refusal.code : 'internal');
export const wordsOf = (refusal: unknown): string =>
  refusal instanceof TidegateError ? refusal.message : 'Something went wrong on our side.';
