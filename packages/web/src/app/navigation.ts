/** What an area adds to the navigation. */
import type { Me } from '@tidegate/contract';
import type { IconName } from '../components/Icon.tsx';

export interface NavigationEntry {
  /** The page's address, without parameters. */
  readonly to: string;
  readonly title: string;
  readonly icon: IconName;
  readonly section: 'access' | 'watch' | 'manage' | 'you';
  /** Who is shown it; the API says the same, and is what counts. Everybody where left out. */
  readonly shownTo?: 'auditor' | 'administrator';
}

export function mayOpen({ shownTo }: NavigationEntry, me: Me): boolean {
  if (shownTo === undefined) return true;
  return me.administrator || (shownTo === 'auditor' && me.auditor);
}
