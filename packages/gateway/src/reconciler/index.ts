/**
 * Makes the databases match the desired state, again and again (DESIGN: reconcile, don't script). It is level-triggered:
 * a lost message, a killed process or a changed database cost time and nothing else.
 */
import type { DesiredGrant, DesiredResource } from '@tidegate/contract';
import type { ResourceName } from '@tidegate/core';
import { PACE, type Pace } from './pace.ts';
import type { Reconciler, ReconcilerOptions } from './ports.ts';
import { ResourceReconciler } from './resource.ts';

export { passwordOf } from './credential.ts';
export { PACE, type Pace } from './pace.ts';
export type * from './ports.ts';

export function startReconciler(options: ReconcilerOptions & { readonly pace?: Partial<Pace> }): Reconciler {
  const pace = { ...PACE, ...options.pace };
  const resources = new Map<ResourceName, ResourceReconciler>();
  const ending = new Set<Promise<void>>();
  let contact = 0;

  function end(resource: ResourceReconciler): void {
    const ended = resource
      .stop()
      .catch((error: unknown) => options.log.warn({ error: String(error) }, 'connections could not be ended'))
      .finally(() => ending.delete(ended));
    ending.add(ended);
  }

  function look(): void {
    const snapshot = options.desired.snapshot();
    if (snapshot === null) return;
    const ours = snapshot.resources.filter((resource) => resource.reconcile);
    const grants = Map.groupBy(snapshot.grants, (grant) => grant.resource);
    for (const [name, resource] of resources) {
      if (ours.some((wanted) => wanted.name === name)) continue;
      resources.delete(name);
      end(resource);
    }
    for (const wanted of ours) follow(wanted, grants.get(wanted.name) ?? []);
    if (snapshot.contact === contact) return;
    contact = snapshot.contact;
    for (const resource of resources.values()) resource.retell();
  }

  function follow(wanted: DesiredResource, grants: readonly DesiredGrant[]): void {
    const known = resources.get(wanted.name);
    const resource = known ?? new ResourceReconciler(wanted, options, pace);
    resources.set(wanted.name, resource);
    resource.update(wanted, grants);
  }

  const unsubscribe = options.desired.onChange(look);
  look();
  return {
    async stop() {
      unsubscribe();
      for (const resource of resources.values()) end(resource);
      resources.clear();
      await Promise.all(ending);
    },
    async idle() {
      const running = () => [...ending, ...[...resources.values()].flatMap((resource) => [...resource.running])];
      for (let work = running(); work.length > 0; work = running()) await Promise.all(work);
    },
  };
}
