/** Administrator passwords that the store keeps, sealed; read only to be given to gateways over the link. */
import { type PersonName, type ResourceName, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Sealer } from '../keys/seal.ts';
import { appendEvent } from '../record/events.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import { currentConfig } from './current.ts';

export interface NewCredential {
  readonly resource: ResourceName;
  readonly password: string;
  readonly by: PersonName;
}

/** Throws `not_found`, and `conflict` for a resource whose password comes from elsewhere. */
export async function storeCredential(
  { store, sealer, now }: Context,
  { resource, password, by }: NewCredential,
): Promise<void> {
  const sealed = sealer.seal(password, purposeOf(resource));
  await store.transaction(async (tx) => {
    const current = (await currentConfig(tx)).resources.find(({ name }) => name === resource);
    if (current === undefined) {
      throw new TidegateError('not_found', `There is no resource ${resource}.`, 'See tidegate resources.');
    }
    if (current.credential.stored !== true) {
      throw new TidegateError(
        'conflict',
        `The password of ${resource} does not come from the store.`,
        'Write “credential: {user: …, stored: true}” in the configuration, and apply it first.',
      );
    }
    const at = now();
    await tx
      .insertInto('resourceCredentials')
      .values({ resource, password: sealed, setBy: by, setAt: at })
      .onConflict((on) => on.column('resource').doUpdateSet({ password: sealed, setBy: by, setAt: at }))
      .execute();
    await notify(tx, STATE_CHANNEL, resource);
    await appendEvent(tx, { kind: 'resource.credential_set', at, data: { by, resource } });
  });
}

/** Opens what `storeCredential` sealed. */
export const openCredential = (sealer: Sealer, resource: ResourceName, sealed: string): string =>
  sealer.open(sealed, purposeOf(resource));

const purposeOf = (resource: ResourceName): string => `credential/${resource}`;
