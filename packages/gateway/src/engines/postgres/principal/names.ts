/** The durable roles of a resource: who members of them are changes with every grant, they themselves stay. */
import { createHash } from 'node:crypto';
import type { DesiredResource } from '@tidegate/contract';
import { ProvisionError } from '../../provisioner.ts';

/** PostgreSQL cuts longer names without an error, so that two of them could become one. */
export const NAME_MAX_BYTES = 63;

export interface GroupNames {
  readonly reader: string;
  readonly editor: string;
  /** Owns what an `owner` makes. */
  readonly owner: string;
  /** False: the role is the operator's (`ownerRole`); we use it and give it nothing. */
  readonly ownerIsOurs: boolean;
}

/** Roles belong to the whole server, so their names hold the resource's: two resources may share a server. */
export function groupNames(resource: Pick<DesiredResource, 'name' | 'ownerRole'>): GroupNames {
  return {
    reader: fitted(resource.name, 'reader'),
    editor: fitted(resource.name, 'editor'),
    owner: resource.ownerRole ?? fitted(resource.name, 'owner'),
    ownerIsOurs: resource.ownerRole === null,
  };
}

/** The group that a principal becomes a member of, and that gets what it leaves behind. */
export function groupFor(names: GroupNames, privileges: 'read' | 'write' | 'own'): string {
  return { read: names.reader, write: names.editor, own: names.owner }[privileges];
}

/** @throws ProvisionError for a name that PostgreSQL would cut or refuse. */
export function assertName(what: string, name: string): void {
  if (name === '' || name.includes('\0') || !name.isWellFormed() || Buffer.byteLength(name) > NAME_MAX_BYTES) {
    throw new ProvisionError(
      `The configuration names a ${what} that PostgreSQL cannot have.`,
      'name',
      `The name of the ${what} must be 1 to ${NAME_MAX_BYTES} bytes of UTF-8: ${JSON.stringify(name)}.`,
    );
  }
}

/** `tidegate_<resource>_<suffix>`; a resource name too long for that is cut and told apart by a hash of the whole. */
function fitted(resource: string, suffix: string): string {
  const whole = `tidegate_${resource}_${suffix}`;
  if (Buffer.byteLength(whole) <= NAME_MAX_BYTES) return whole;
  const hash = createHash('sha256').update(resource).digest('hex').slice(0, 8);
  const room = NAME_MAX_BYTES - Buffer.byteLength(`tidegate__${hash}_${suffix}`);
  let kept = '';
  for (const character of resource) {
    if (Buffer.byteLength(kept + character) > room) break;
    kept += character;
  }
  return `tidegate_${kept}_${hash}_${suffix}`;
}
