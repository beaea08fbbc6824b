/** A sign-in at a provider that came to nothing: what stands on the record, and what may be told. */
import type { TidegateError } from '@tidegate/core';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import { DeniedByProvider, RefusedToken, toTell } from './refused.ts';

/** Puts a refusal on the record, with its reason; answers what may be told. */
export async function explain(
  context: Context,
  { provider }: { readonly provider: string },
  address: string,
  error: unknown,
): Promise<TidegateError> {
  const told = toTell(provider, error);
  if (told.code === 'unavailable' || told.code === 'internal') {
    context.log.warn({ err: error, provider }, 'a sign-in at an identity provider could not be finished');
    return told;
  }
  const why = error instanceof RefusedToken || error instanceof DeniedByProvider ? error.why : told.message;
  const data = { provider, why, address, how: 'oidc' };
  await context.store.transaction((tx) => appendEvent(tx, { kind: 'login.failed', at: context.now(), data }));
  return told;
}
