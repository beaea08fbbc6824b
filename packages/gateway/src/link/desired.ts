/**
 * The desired state as the control plane last told it. Lives as long as this process: when the control plane is gone it
 * stays, and a gateway that was restarted without it knows nothing and lets nobody in.
 */
import type { DesiredGrant, DesiredResource, ToGateway } from '@tidegate/contract';
import type { DesiredSnapshot } from '../reconciler/ports.ts';

export type StateMessage = Extract<ToGateway, { type: 'state' }>;
export type ChangeMessage = Extract<ToGateway, { type: 'change' }>;

export class DesiredState {
  #snapshot: DesiredSnapshot | null = null;
  #revision = 0;
  #contact = 0;
  readonly #listeners = new Set<() => void>();

  get revision(): number {
    return this.#revision;
  }

  snapshot(): DesiredSnapshot | null {
    return this.#snapshot;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  replace({ revision, resources, grants }: StateMessage): void {
    this.#contact += 1;
    this.#set(revision, resources, grants);
  }

  /** False: it does not follow from what is known here, and the whole must be asked for. */
  change(change: ChangeMessage): boolean {
    const known = this.#snapshot;
    if (known === null || change.from !== this.#revision) return false;
    const resources = new Map(known.resources.map((resource) => [resource.name, resource]));
    for (const name of change.removedResources) resources.delete(name);
    for (const resource of change.resources) resources.set(resource.name, resource);
    const grants = new Map(known.grants.map((grant) => [grant.id, grant]));
    for (const id of change.removedGrants) grants.delete(id);
    for (const grant of change.grants) grants.set(grant.id, grant);
    this.#set(change.revision, [...resources.values()], [...grants.values()]);
    return true;
  }

  #set(revision: number, resources: readonly DesiredResource[], grants: readonly DesiredGrant[]): void {
    this.#revision = revision;
    this.#snapshot = Object.freeze({ contact: this.#contact, resources, grants });
    for (const listener of this.#listeners) listener();
  }
}
