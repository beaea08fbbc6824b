/** What an installation has exactly one of. Several control planes may start at once: the first one's stays. */
import { TidegateError } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';
import type { KeysTable } from '../store/schema-record.ts';
import type { Sealer } from './seal.ts';

type KeyName = KeysTable['name']['__select__'];

export interface KeyPair {
  /** Certificate or public key, PEM. */
  readonly public: string;
  /** PKCS #8 PEM. */
  readonly private: string;
}

const CHECK_TEXT = 'tidegate';

/**
 * Makes sure that this is the key the store was sealed with, before anything is sealed or opened with it. Throws
 * `invalid_config`, which says what to do.
 */
export async function checkKey(db: Reader, sealer: Sealer, now: Temporal.Instant): Promise<void> {
  const row = await readOrMake(db, 'check', now, async () => ({
    public: '',
    sealed: sealer.seal(CHECK_TEXT, purposeOf('check')),
  }));
  try {
    if (sealer.open(row.sealed, purposeOf('check')) === CHECK_TEXT) return;
  } catch (error) {
    throw new TidegateError(
      'invalid_config',
      `The secrets in this store were sealed with another key than the one given (${sealer.keyId}).`,
      'Set TIDEGATE_KEY to the key this store was first started with, or put its key file back into the home folder.',
      error,
    );
  }
  throw new TidegateError('internal', 'The key’s check value in the store is not ours.');
}

/** The key pair of that name: the store's, or the one `make` makes where the store has none yet. */
export async function keyPairOf(
  db: Reader,
  sealer: Sealer,
  name: Exclude<KeyName, 'check'>,
  now: Temporal.Instant,
  make: () => Promise<KeyPair>,
): Promise<KeyPair> {
  const row = await readOrMake(db, name, now, async () => {
    const made = await make();
    return { public: made.public, sealed: sealer.seal(made.private, purposeOf(name)) };
  });
  return { public: row.public, private: sealer.open(row.sealed, purposeOf(name)) };
}

async function readOrMake(
  db: Reader,
  name: KeyName,
  now: Temporal.Instant,
  make: () => Promise<{ public: string; sealed: string }>,
): Promise<{ public: string; sealed: string }> {
  const read = () => db.selectFrom('keys').select(['public', 'sealed']).where('name', '=', name).executeTakeFirst();
  const found = await read();
  if (found !== undefined) return found;
  await db
    .insertInto('keys')
    .values({ name, ...(await make()), madeAt: now })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  // Read back: another control plane may have been first.
  const stored = await read();
  if (stored === undefined) throw new TidegateError('internal', `The key ${name} was made and is not in the store.`);
  return stored;
}

const purposeOf = (name: KeyName) => `key/${name}`;
