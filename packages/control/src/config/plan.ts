/** What applying a configuration would change, told before it is done. Nothing is changed here. */
import { createHash } from 'node:crypto';
import type { ConfigPlan } from '@tidegate/contract';
import { type WouldTouch, wouldTouch } from '../access/would-touch.ts';
import type { Context } from '../context.ts';
import type { Look } from '../link/looks.ts';
import { compareText } from './checking/read-text.ts';
import { currentConfig } from './current.ts';
import { lookAtLines } from './look-at-lines.ts';
import { type Touched, touchedBy } from './touched.ts';

/** Changes that are told one by one. */
const CHANGES_MAX = 300;

/** Throws `InvalidConfig` with every error. Databases that their gateways cannot look at now are warned of. */
export async function planConfig(context: Context, yaml: string, look: Look): Promise<ConfigPlan> {
  const { db } = context.store;
  const before = await currentConfig(db);
  const compared = await compareText(db, context.checker, yaml, before, { access: true });
  const { config: after, warnings, told, access } = compared;
  await lookAtLines(look, before, after, told);
  if (told.problems.length > 0) throw told.refusal();
  const changes = [...compared.changes, ...(access ?? [])];
  const touched = await touchedBy(db, before, after);
  return {
    planId: planIdOf(before.version, yaml),
    fromVersion: before.version,
    changes: changes.slice(0, CHANGES_MAX),
    warnings: [
      ...warnings,
      ...told.warnings,
      ...touchedWarnings(touched),
      ...openWarnings(await wouldTouch(db, after, context.now())),
      ...(access === null ? ['Who gains or loses what was not worked out: there is too much to compare.'] : []),
      ...(changes.length > CHANGES_MAX ? [`${changes.length - CHANGES_MAX} more changes are not shown.`] : []),
    ],
    refused: touched.grants.length > 0,
  };
}

/** The same text on top of the same version: what was planned is what is applied. */
export function planIdOf(fromVersion: number, yaml: string): string {
  return createHash('sha256').update(`${fromVersion}\0${yaml}`).digest('hex').slice(0, 32);
}

function openWarnings({ requests, grants }: WouldTouch): string[] {
  const text = (sentence: string): string => sentence;
  return [...listed(requests, text), ...listed(grants, text)];
}

const LISTED_MAX = 10;

function touchedWarnings({ grants, moved, requests }: Touched): string[] {
  return [
    ...listed(
      grants,
      ({ id, person, resource }) =>
        `Grant ${id} of ${person} on ${resource} is open: applying this is refused until it is closed.`,
    ),
    ...listed(
      moved,
      ({ id, person, resource }) =>
        `Grant ${id} of ${person} is open on ${resource} as it was: if that is another server or database now, what was made for it there is not removed, and only its end (VALID UNTIL) closes it.`,
    ),
    ...listed(
      requests,
      ({ id, requester, resource, role }) =>
        `Request ${id} of ${requester} for ${role} on ${resource} can no longer be granted.`,
    ),
  ];
}

function listed<T>(items: readonly T[], text: (item: T) => string): string[] {
  const more = items.length - LISTED_MAX;
  return [...items.slice(0, LISTED_MAX).map(text), ...(more > 0 ? [`The same is true of ${more} more.`] : [])];
}
