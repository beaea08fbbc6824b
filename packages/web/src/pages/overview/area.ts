/** The overview: for auditors and administrators of all, for owners of what is theirs. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const DAYS: readonly unknown[] = [7, 90, 365];

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/overview',
  /** 30 where left out. */
  validateSearch: ({ days }: Record<string, unknown>): { days?: 7 | 90 | 365 } =>
    DAYS.includes(days) ? { days: days as 7 } : {},
  component: fetching(() => import('./OverviewPage.tsx'), 'OverviewPage'),
});

export const overview = area(
  [page],
  [{ to: '/overview', title: navigation.overview, icon: 'overview', section: 'watch', shownTo: 'overseer' }],
);
