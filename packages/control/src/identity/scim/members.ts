/** What operations on `members` come to: who joins, who leaves, whether all others go. */
import { invalid } from './errors.ts';
import type { Filter } from './filter.ts';
import type { Operation } from './patch.ts';
import { attributeNamed, GROUP_ATTRIBUTES } from './schemas.ts';
import { isValues, readValue } from './values.ts';

export interface MemberChange {
  /** All go who are not added. */
  readonly clear: boolean;
  readonly add: ReadonlySet<string>;
  readonly remove: ReadonlySet<string>;
}

const MEMBERS = attributeNamed(GROUP_ATTRIBUTES, 'members');
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The ids in a value of `members`. Throws `invalidValue`. */
export function idsIn(value: unknown): ReadonlySet<string> {
  const members = MEMBERS === null ? [] : (readValue(MEMBERS, value) ?? []);
  const ids = (Array.isArray(members) ? members : []).map((each: unknown) => (isValues(each) ? each.value : null));
  return new Set(
    ids.map((id) => {
      if (typeof id === 'string' && ID.test(id)) return id.toLowerCase();
      throw invalid('invalidValue', 'A member’s “value” is the id of a user.');
    }),
  );
}

/** In their order: who was added and then removed is not in. Throws `invalidFilter`, `invalidValue`, `invalidPath`. */
export function memberChange(operations: readonly Operation[]): MemberChange {
  let clear = false;
  const add = new Set<string>();
  const remove = new Set<string>();
  const leave = (id: string): void => {
    add.delete(id);
    remove.add(id);
  };
  const all = (): void => {
    clear = true;
    add.clear();
    remove.clear();
  };
  for (const { op, path, value } of operations) {
    if (path.sub !== null) throw invalid('invalidPath', 'Members are added and removed as a whole.');
    if (op === 'remove') {
      if (path.filter !== null) for (const id of idsMeant(path.filter)) leave(id);
      // Entra ID names those who leave beside the path; with none named, all do.
      else if (value === undefined || value === null) all();
      else for (const id of idsIn(value)) leave(id);
      continue;
    }
    if (path.filter !== null) throw invalid('invalidPath', 'Members are added by their ids.');
    if (op === 'replace') all();
    for (const id of idsIn(value)) {
      add.add(id);
      remove.delete(id);
    }
  }
  return { clear, add, remove };
}

/** `value eq "…"`, any number of them with `or` between. */
function idsMeant(filter: Filter): string[] {
  if (filter.is === 'or') return [...idsMeant(filter.left), ...idsMeant(filter.right)];
  if (filter.is === 'compared' && filter.by === 'eq' && filter.path.attribute.toLowerCase() === 'value') {
    const id = String(filter.value);
    return ID.test(id) ? [id.toLowerCase()] : [];
  }
  throw invalid('invalidFilter', 'Members are named by “value eq”.');
}
