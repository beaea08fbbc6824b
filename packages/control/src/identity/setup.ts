/** The first set-up: whoever holds the one-time token makes the first people, and may bring a first configuration. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { ADMINISTRATORS } from '@tidegate/config';
import { type GroupName, type PersonName, TidegateError } from '@tidegate/core';
import { applyConfig } from '../config/apply.ts';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import type { Reader } from '../store/schema.ts';
import { assertAdministratorLeft } from './administrators.ts';
import { insertPerson, type NewPerson } from './manage.ts';
import { hashPassword } from './password.ts';

const PURPOSE = 'setup';
const TOKEN_BYTES = 32;

/**
 * The token that lets the first people be made; null once they are. Stays the same until it is used, whoever starts and
 * however often, so that a link that was printed once keeps its worth. Kept sealed: the store alone does not give it away.
 */
export async function ensureSetupToken({ store, sealer, now, random }: Context): Promise<string | null> {
  const token = Buffer.from(random(TOKEN_BYTES)).toString('base64url');
  await store.db
    .insertInto('setup')
    .values({ token: sealer.seal(token, PURPOSE), createdAt: now(), usedAt: null })
    .onConflict((on) => on.column('one').doNothing())
    .execute();
  const row = await store.db.selectFrom('setup').select('token').executeTakeFirstOrThrow();
  return row.token === null ? null : sealer.open(row.token, PURPOSE);
}

export interface Setup {
  readonly token: string;
  readonly people: readonly NewPerson[];
  readonly config: string | null;
}

/**
 * People and configuration in one transaction. Throws `setup_done`, `token_invalid`, `invalid_input` without an
 * administrator among the people, and what `applyConfig` throws.
 */
export async function setUp(
  context: Context,
  { token, people, config }: Setup,
  address: string,
): Promise<{ people: PersonName[]; configVersion: number | null }> {
  // Before the passwords are hashed: anybody may call this, and hashing is dear.
  await assertToken(context, context.store.db, token, address);
  const first = people.find(({ groups }) => groups.includes(ADMINISTRATORS));
  if (first === undefined) throw noAdministrator(ADMINISTRATORS);
  const hashed = await inTurn(people, async (person) => ({ person, password: await hashPassword(person.password) }));
  return context.store.transaction(async (tx) => {
    const at = context.now();
    await tx.selectFrom('setup').select('one').forUpdate().execute();
    await assertToken(context, tx, token, address);
    await tx.updateTable('setup').set({ token: null, usedAt: at }).execute();
    for (const { person, password } of hashed) await insertPerson(tx, person, password, at);
    const applied =
      config === null
        ? null
        : await applyConfig(tx, context.checker, { yaml: config, planId: null, by: first.name, at });
    await assertAdministratorLeft(tx);
    await appendEvent(
      tx,
      ...(applied === null ? [] : applied.events),
      ...people.map(({ name, groups }) => ({
        kind: 'person.created',
        at,
        data: { person: name, by: first.name, groups, setup: true, address },
      })),
    );
    return { people: people.map(({ name }) => name), configVersion: applied?.version ?? null };
  });
}

async function assertToken({ sealer, log }: Context, db: Reader, token: string, address: string): Promise<void> {
  const row = await db.selectFrom('setup').select('token').executeTakeFirst();
  if (row === undefined || row.token === null) {
    throw new TidegateError('setup_done', 'Tidegate is set up already.', 'Sign in: tidegate login.');
  }
  if (sameText(token, sealer.open(row.token, PURPOSE))) return;
  log.warn({ address }, 'somebody tried to set up with a wrong token');
  throw new TidegateError('token_invalid', 'This is not the set-up token.', 'Use the link that start printed.');
}

const noAdministrator = (group: GroupName): TidegateError =>
  new TidegateError(
    'invalid_input',
    `One of the first people must be in the group ${group}.`,
    `Add it to their groups.`,
  );

/** Digests first: the comparison then takes the same time for texts of any length. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
