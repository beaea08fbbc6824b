/** The durable roles of a resource: who members of them are changes with every grant, they themselves stay. */
import type { DesiredResource } from '@tidegate/contract';
import { fitted } from '../../fitted.ts';
import { type Kind, ProvisionError } from '../../provisioner.ts';

/** PostgreSQL cuts longer names without an error, so that two of them could become one. */
export const NAME_MAX_BYTES = 63;

export interface GroupNames {
  readonly reader: string;
  readonly editor: string;
  /** Owns what an `owner` makes. */
  readonly owner: string;
  /** Gets what principals leave whose role lists what it gives: it may do nothing, so nothing that it owns can. */
  readonly lines: string;
  /** False: the role is the operator's (`ownerRole`); we use it and give it nothing. */
  readonly ownerIsOurs: boolean;
}

/** Roles belong to the whole server, so their names hold the resource's: two resources may share a server. */
export function groupNames(resource: Pick<DesiredResource, 'name' | 'ownerRole'>): GroupNames {
  return {
    reader: fitted(resource.name, 'reader', NAME_MAX_BYTES),
    editor: fitted(resource.name, 'editor', NAME_MAX_BYTES),
    owner: resource.ownerRole ?? fitted(resource.name, 'owner', NAME_MAX_BYTES),
    lines: fitted(resource.name, 'lines', NAME_MAX_BYTES),
    ownerIsOurs: resource.ownerRole === null,
  };
}

/** The group that gets what a principal leaves behind; those with a level are members of it too. */
export function groupFor(names: GroupNames, kind: Kind): string {
  return { read: names.reader, write: names.editor, own: names.owner, lines: names.lines }[kind];
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
