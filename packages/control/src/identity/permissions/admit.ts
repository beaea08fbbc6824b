/** Who is let in at an endpoint at all; what they may see and do there, the handler keeps to. One line for each access. */
import type { Access, Endpoint } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import type { Caller } from '../caller.ts';
import { isHad, type Powers } from './powers.ts';

interface Line {
  /** One of them is enough. */
  readonly roles: readonly (keyof Powers)[];
  readonly refusal: string;
  /** Who tries to do what is not theirs stands on the record; who merely looks does not. */
  readonly told: boolean;
}

const LINES: Readonly<Record<Exclude<Access, 'anyone' | 'person'>, Line>> = {
  auditor: {
    roles: ['auditor', 'administrator'],
    refusal: 'Only auditors and administrators may see this.',
    told: false,
  },
  'policy-reader': {
    roles: ['auditor', 'policy-editor', 'administrator'],
    refusal: 'Only auditors, policy editors and administrators may see this.',
    told: false,
  },
  'policy-editor': {
    roles: ['policy-editor', 'administrator'],
    refusal: 'Only policy editors and administrators may do this.',
    told: true,
  },
  administrator: { roles: ['administrator'], refusal: 'Only administrators may do this.', told: true },
};

/** Throws `forbidden`. A role on some resources is enough only where the endpoint says that it keeps to them. */
export async function assertAdmitted(
  { store, now }: Context,
  caller: Caller,
  name: string,
  { access, scoped }: Endpoint,
): Promise<void> {
  if (access === 'anyone' || access === 'person') return;
  const { roles, refusal, told } = LINES[access];
  const enough = roles.some((role) =>
    scoped === true ? isHad(caller.powers[role]) : caller.powers[role] === 'everything',
  );
  if (enough) return;
  if (told) {
    const data = { person: caller.name, endpoint: name, address: caller.address };
    await store.transaction((tx) => appendEvent(tx, { kind: 'call.refused', at: now(), data }));
  }
  throw new TidegateError('forbidden', refusal, 'Ask one of them.');
}
