/**
 * What the store knows of people (`Known`) as one text of JSON, as the store itself puts it together: a hundred thousand
 * memberships cost the event loop no more than a text that is handed on.
 */
import type { Known } from '@tidegate/config';
import type { GroupName, PersonName } from '@tidegate/core';

declare const known: unique symbol;
/** `{"members": {"leads": ["bob"]}, "disabled": ["eve"]}` */
export type KnownText = string & { readonly [known]: true };

export const NOTHING_KNOWN_TEXT = '{"members": {}, "disabled": []}' as KnownText;

export function knownIn(text: KnownText): Known {
  // The store wrote it, from names that were checked when they came in.
  const { members, disabled }: { members: Record<GroupName, PersonName[]>; disabled: PersonName[] } = JSON.parse(text);
  const groups = Object.entries(members).map(([name, people]) => [name as GroupName, new Set(people)] as const);
  return { members: new Map(groups), disabled: new Set(disabled) };
}
