/** A configuration is put in force, and what is pending is decided under it: in one transaction, or not at all. */
import type { ConfigVersion } from '@tidegate/contract';
import { type ApplyInput, applyConfig } from '../config/apply.ts';
import { readVersion } from '../config/versions.ts';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { redecidePending } from './policy-change.ts';

/** Throws what `applyConfig` throws. */
export function putInForce(context: Context, input: Omit<ApplyInput, 'at'>): Promise<ConfigVersion> {
  return recorded(context, { kind: 'config.refused', data: { by: input.by } }, () =>
    context.store.transaction(async (tx) => {
      const at = context.now();
      const { version, events } = await applyConfig(tx, context.checker, { ...input, at });
      const followed = await redecidePending(context, tx, at);
      await appendEvent(tx, ...events, ...followed);
      return readVersion(tx, version);
    }),
  );
}
