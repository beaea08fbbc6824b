/** What administrators do to accounts (the endpoints' table says that it takes one). The record says who did it. */
import type { EntraIdentity, PersonView } from '@tidegate/contract';
import { type GroupName, type PersonName, TidegateError } from '@tidegate/core';
import { endAccessOf } from '../access/end-access.ts';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { brokenConstraint } from '../store/outage.ts';
import type { Tx } from '../store/schema.ts';
import { assertAdministratorLeft } from './administrators.ts';
import type { Caller } from './caller.ts';
import { removeFactors } from './factors.ts';
import { endLogins } from './logins.ts';
import { hashPassword } from './password.ts';
import { findAccount, noSuchPerson, showPerson } from './people.ts';

export interface NewPerson {
  readonly name: PersonName;
  readonly password: string;
  readonly groups: readonly GroupName[];
}

/** Makes an account. Throws `conflict` for a name that is taken. */
export async function createPerson(context: Context, caller: Caller, input: NewPerson): Promise<PersonView> {
  const by = { by: caller.name, person: input.name };
  return recorded(context, { kind: 'person.create.refused', data: by }, async () => {
    const password = await hashPassword(input.password);
    const at = context.now();
    return context.store.transaction(async (tx) => {
      await insertPerson(tx, input, password, at);
      await appendEvent(tx, { kind: 'person.created', at, data: { ...by, groups: input.groups } });
      return showPerson(tx, input.name);
    });
  });
}

/** The rows of one account; its event is the caller's matter. */
export async function insertPerson(tx: Tx, input: NewPerson, password: string, at: Temporal.Instant): Promise<void> {
  try {
    await tx.insertInto('people').values({ name: input.name, password, createdAt: at, disabledAt: null }).execute();
  } catch (error) {
    if (brokenConstraint(error) !== 'people_are_named_once') throw error;
    throw new TidegateError(
      'conflict',
      `There is already somebody called ${input.name}.`,
      'Choose another name.',
      error,
    );
  }
  await setLocalGroups(tx, input.name, input.groups);
}

export interface PersonChange {
  readonly password?: string | undefined;
  readonly groups?: readonly GroupName[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly entra?: EntraIdentity | null | undefined;
  readonly resetMfa?: true | undefined;
}

/**
 * Changes an account, all or nothing. Disabling it ends its logins, its open requests and its grants. Throws `not_found`,
 * and `conflict` when no administrator would be left.
 */
export async function changePerson(
  context: Context,
  caller: Caller,
  name: PersonName,
  change: PersonChange,
): Promise<PersonView> {
  const by = { by: caller.name, person: name };
  return recorded(context, { kind: 'person.change.refused', data: by }, async () => {
    if (change.resetMfa === true && name === caller.name) {
      throw new TidegateError('forbidden', 'Nobody resets their own second factor.', 'Ask another administrator.');
    }
    const password = change.password === undefined ? null : await hashPassword(change.password);
    return context.store.transaction(async (tx) => {
      const at = context.now();
      const account = await findAccount(tx, name);
      if (account === null) throw noSuchPerson(name);
      if (account.kind === 'workload') assertForWorkloads(change);
      const ended: ControlEvent[] = [];
      if (password !== null) await tx.updateTable('people').set({ password }).where('name', '=', name).execute();
      if (change.groups !== undefined) await setLocalGroups(tx, name, change.groups);
      if (change.entra !== undefined) await setEntra(tx, name, change.entra);
      if (change.resetMfa === true) await removeFactors(tx, name);
      if (change.disabled !== undefined) {
        const disabledAt = change.disabled ? (account.disabledAt ?? at) : null;
        await tx.updateTable('people').set({ disabledAt }).where('name', '=', name).execute();
      }
      if (change.disabled === true) ended.push(...(await endAccessOf(tx, name, caller.name, at)));
      if (change.disabled === true || password !== null || change.resetMfa === true) {
        await endLogins(tx, name, name === caller.name ? caller.login : null);
      }
      await assertAdministratorLeft(tx);
      const changed = Object.keys(change).filter((key) => Reflect.get(change, key) !== undefined);
      await appendEvent(
        tx,
        {
          kind: 'person.changed',
          at,
          data: {
            ...by,
            changed,
            groups: change.groups ?? null,
            disabled: change.disabled ?? null,
            entra: change.entra ?? null,
          },
        },
        ...ended,
      );
      return showPerson(tx, name);
    });
  });
}

/** A workload is in the configuration: here it can only be stopped, or let go on. */
function assertForWorkloads(change: PersonChange): void {
  const others = Object.entries(change).filter(([name, value]) => name !== 'disabled' && value !== undefined);
  if (others.length === 0) return;
  throw new TidegateError(
    'conflict',
    'A workload is set up in the configuration; here it can be disabled and enabled.',
    'Change it there: tidegate apply.',
  );
}

/** Throws `conflict` when somebody else is that person already. */
async function setEntra(tx: Tx, name: PersonName, entra: EntraIdentity | null): Promise<void> {
  const change = { entraTenant: entra?.tenant ?? null, entraObject: entra?.object ?? null };
  try {
    await tx.updateTable('people').set(change).where('name', '=', name).execute();
  } catch (error) {
    if (brokenConstraint(error) !== 'people_are_one_person_in_entra') throw error;
    throw new TidegateError(
      'conflict',
      'Another account is that person of Entra ID.',
      'Take it from that account first.',
      error,
    );
  }
}

async function setLocalGroups(tx: Tx, person: PersonName, groups: readonly GroupName[]): Promise<void> {
  await tx.deleteFrom('groupMembers').where('person', '=', person).where('source', '=', 'local').execute();
  const rows = [...new Set(groups)].map((groupName) => ({ groupName, person, source: 'local' as const }));
  if (rows.length > 0) await tx.insertInto('groupMembers').values(rows).execute();
}
