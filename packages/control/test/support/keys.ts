import type { Context } from '../../src/context.ts';
import { openAuthority } from '../../src/keys/authority.ts';
import { checkKey } from '../../src/keys/made-once.ts';
import { openSigningKey } from '../../src/keys/signing.ts';

/** What a control plane makes when it starts for the first time. */
export async function ensureKeys({ store, sealer, now }: Context): Promise<void> {
  await checkKey(store.db, sealer, now());
  await openAuthority(store.db, sealer, now());
  await openSigningKey(store.db, sealer, now());
}
