/** What gateways are told of resources. Changes of requests and grants come by the hundred, these hardly ever. */
import type { DesiredResource, EntraTrust } from '@tidegate/contract';
import type { ResourceName } from '@tidegate/core';
import type { CurrentResource } from '../config/current.ts';
import type { OpenedSecrets } from './opened.ts';
import { forGateways } from './resource.ts';
import type { Snapshot } from './snapshot.ts';

/** JSON of a resource, by whether its gateway is the one that reconciles it. Holds secrets. */
export interface ResourceTexts {
  readonly relays: string;
  readonly reconciles: string;
}

type Texts = ReadonlyMap<ResourceName, ResourceTexts>;
type Stored = Pick<Snapshot, 'resources' | 'credentials'>;

/** Made once for as long as the configuration in force, the stored passwords and the trusted tenants stay as they are. */
export class DesiredResources {
  readonly #opened: OpenedSecrets;
  #made: { readonly from: Stored; readonly trusts: readonly EntraTrust[]; readonly texts: Texts } | null = null;

  constructor(opened: OpenedSecrets) {
    this.#opened = opened;
  }

  /** `trusts`: the tenants of Entra ID whose tokens let people in. */
  texts(from: Stored, trusts: readonly EntraTrust[]): Texts {
    const made = this.#made;
    if (made !== null && sameStored(made.from, from) && sameItems(made.trusts, trusts)) return made.texts;
    const texts = new Map<ResourceName, ResourceTexts>();
    for (const resource of from.resources) {
      const desired = desiredResource(resource, from.credentials.get(resource.name), this.#opened, trusts);
      if (desired === null) continue;
      texts.set(resource.name, {
        relays: JSON.stringify({ ...desired, reconcile: false }),
        reconciles: JSON.stringify({ ...desired, reconcile: true }),
      });
    }
    this.#made = { from: { resources: from.resources, credentials: from.credentials }, trusts, texts };
    return texts;
  }
}

/** `currentConfig` hands out the same list for as long as a version is in force. */
const sameStored = (one: Stored, other: Stored): boolean =>
  one.resources === other.resources &&
  one.credentials.size === other.credentials.size &&
  one.credentials.entries().every(([name, sealed]) => other.credentials.get(name) === sealed);

const sameItems = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);

/** null: its password is to come from the store, and is not there yet. */
function desiredResource(
  resource: CurrentResource,
  sealed: string | undefined,
  opened: OpenedSecrets,
  trusts: readonly EntraTrust[],
): Omit<DesiredResource, 'reconcile'> | null {
  const source = credentialSource(resource, sealed, opened);
  return source === null ? null : forGateways(resource, source, trusts);
}

function credentialSource(
  { name, credential: { env, file, tokenFile } }: CurrentResource,
  sealed: string | undefined,
  opened: OpenedSecrets,
): DesiredResource['credential']['source'] | null {
  if (env !== undefined) return { kind: 'env', name: env };
  if (file !== undefined) return { kind: 'file', path: file };
  if (tokenFile !== undefined) return { kind: 'tokenFile', path: tokenFile };
  return sealed === undefined ? null : { kind: 'secret', password: opened.credential(name, sealed) };
}
