/** What an area adds to the navigation. */
import type { Me } from '@tidegate/contract';
import type { IconName } from '../components/Icon.tsx';
import { mayPlan, oversees, readsRecord } from '../lib/may.ts';

export interface NavigationEntry {
  /** The page's address, without parameters. */
  readonly to: string;
  readonly title: string;
  readonly icon: IconName;
  readonly section: 'access' | 'watch' | 'manage' | 'you';
  /** How many there are of what is told beside the name. */
  readonly counts?: 'notices';
  /** Who is shown it; the API says the same, and is what counts. Everybody where left out. */
  readonly shownTo?: Shown;
}

/**
 * `overseer`: who may see how access is used somewhere, by a role or as an owner. `record-reader`: who may read the record
 * of some resource at least. `policy-reader`: policy editors, too.
 */
type Shown = 'overseer' | 'record-reader' | 'auditor' | 'policy-reader' | 'administrator';

export function mayOpen({ shownTo }: NavigationEntry, me: Me): boolean {
  switch (shownTo) {
    case undefined:
      return true;
    case 'overseer':
      return oversees(me);
    case 'record-reader':
      return readsRecord(me);
    case 'auditor':
      return me.auditor || me.administrator;
    case 'policy-reader':
      return me.auditor || mayPlan(me);
    case 'administrator':
      return me.administrator;
  }
}
