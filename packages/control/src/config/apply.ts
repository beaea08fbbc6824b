/** Putting a configuration in force: all of it in one transaction, or nothing. */

import { createHash } from 'node:crypto';
import type { CurrentConfig } from '@tidegate/config';
import { ADMINISTRATORS } from '@tidegate/config';
import type { Config } from '@tidegate/contract';
import { type PersonName, type ResourceName, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import { assertAdministratorLeft } from '../identity/administrators.ts';
import { mapGroups } from '../identity/oidc/groups.ts';
import { assertMayApply } from '../identity/permissions/apply.ts';
import { followConfiguration } from '../identity/scim/memberships.ts';
import { followWorkloads } from '../identity/workloads/follow.ts';
import type { ControlEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import type { ConfigChecker } from './checking/checker.ts';
import { compareText } from './checking/read-text.ts';
import { currentConfig } from './current.ts';
import { planIdOf } from './plan.ts';
import { touchedBy } from './touched.ts';

export interface ApplyInput {
  readonly yaml: string;
  /** From `planConfig`: applied only if the same text would still make the same change. */
  readonly planId: string | null;
  readonly by: PersonName;
  readonly at: Temporal.Instant;
}

export interface Applied {
  readonly version: number;
  readonly events: readonly ControlEvent[];
}

/** Any number will do, as long as nothing else in the store takes the same advisory lock. */
const LOCK = 3_853_314_002;
/** Changes that the event tells one by one. */
const TOLD_MAX = 100;

/**
 * Makes `yaml` the configuration in force and answers its version. Throws `InvalidConfig` with every error, `conflict`
 * when the plan is stale or a resource with open grants would go, `forbidden` for what `assertMayApply` keeps from `by`. Answers its events, `config.applied` last, for the caller to
 * append last (see `appendEvent`), and tells gateways and other control planes at commit.
 */
export async function applyConfig(
  tx: Tx,
  checker: ConfigChecker,
  { yaml, planId, by, at }: ApplyInput,
): Promise<Applied> {
  // One after the other: each plans against what the one before it left.
  await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(tx);
  const before = await currentConfig(tx);
  const compared = await compareText(tx, checker, yaml, before, { access: false });
  const { content, written, config: after, changes } = compared;
  if (planId !== null && planId !== planIdOf(before.version, yaml)) {
    throw new TidegateError(
      'conflict',
      'The plan is not of this text on top of the configuration in force.',
      'Plan again, look at it, and apply that.',
    );
  }
  await assertMayApply(tx, by, before, after);
  await assertNoOpenGrants(tx, before, after);

  const version = before.version + 1;
  const digest = createHash('sha256').update(content).digest();
  await tx
    .insertInto('configVersions')
    .values({ version, yaml, content, digest, appliedBy: by, appliedAt: at })
    .execute();
  await replaceMembers(tx, written.groups);
  await followConfiguration(tx);
  const ofWorkloads = await followWorkloads(tx, before, after, by, at);
  const fromProviders = await mapGroups(tx, after, null, at);
  if (losesAdministrator(before, after)) await assertAdministratorLeft(tx);
  await forgetResources(
    tx,
    after.resources.map(({ name }) => name),
  );
  await notify(tx, STATE_CHANNEL, '');
  const applied: ControlEvent = {
    kind: 'config.applied',
    at,
    data: {
      by,
      version,
      digest: digest.toString('hex'),
      changes: changes.slice(0, TOLD_MAX).map(({ kind, what, detail }) => ({ kind, what, detail })),
      moreChanges: Math.max(0, changes.length - TOLD_MAX),
    },
  };
  return { version, events: [...fromProviders, ...ofWorkloads, applied] };
}

/** A resource that went would take its gateways' way to its open principals with it: nobody could close them. */
async function assertNoOpenGrants(tx: Tx, before: CurrentConfig, after: CurrentConfig): Promise<void> {
  const { grants } = await touchedBy(tx, before, after);
  if (grants.length === 0) return;
  const shown = grants
    .slice(0, 10)
    .map(({ id, person, resource, state }) => `${id} (${person} on ${resource}, ${state})`);
  const more = grants.length > shown.length ? ` and ${grants.length - shown.length} more` : '';
  throw new TidegateError(
    'conflict',
    `Resources with open grants cannot be removed: ${shown.join(', ')}${more}.`,
    'Revoke these grants, wait until they are closed, and apply again.',
  );
}

/** The memberships that come from the file are those in the file; what administrators set stays. */
async function replaceMembers(tx: Tx, groups: Config['groups']): Promise<void> {
  await tx.deleteFrom('groupMembers').where('source', '=', 'config').execute();
  const members = groups.flatMap(({ name, members }) => [...new Set(members)].map((person) => ({ name, person })));
  await sql`
    INSERT INTO group_members (group_name, person, source)
    SELECT name, person, 'config'
    FROM unnest(${members.map(({ name }) => name)}::text[], ${members.map(({ person }) => person)}::text[])
      AS listed (name, person)`.execute(tx);
}

/** The first configuration is applied before there is anybody, so only a loss is looked at. */
function losesAdministrator(before: CurrentConfig, after: CurrentConfig): boolean {
  const named = ({ groups, permissions }: CurrentConfig) => ({
    members: groups.filter(({ name }) => name === ADMINISTRATORS).flatMap(({ members }) => members),
    to: permissions.filter(({ role, resources }) => role === 'administrator' && resources === undefined),
  });
  const [old, now] = [named(before), named(after)];
  return (
    old.members.some((person) => !now.members.includes(person)) || JSON.stringify(old.to) !== JSON.stringify(now.to)
  );
}

/** What the store keeps beside the configuration for resources that are no more. */
async function forgetResources(tx: Tx, kept: readonly ResourceName[]): Promise<void> {
  const gone = sql<boolean>`resource <> ALL (${[...kept]}::text[])`;
  await tx.deleteFrom('resourceCredentials').where(gone).execute();
  await tx.deleteFrom('reconcilerLeases').where(gone).execute();
  await tx.deleteFrom('resourceHealth').where(gone).execute();
}
