/** People and groups. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const list = createRoute({
  getParentRoute: () => signedIn,
  path: '/people',
  validateSearch: ({ tab, find }: Record<string, unknown>): { tab?: 'groups'; find?: string } => ({
    ...(tab === 'groups' ? { tab } : {}),
    ...(typeof find === 'string' && find !== '' ? { find } : {}),
  }),
  component: fetching(() => import('./PeoplePage.tsx'), 'PeoplePage'),
});

const one = createRoute({
  getParentRoute: () => signedIn,
  path: '/people/$name',
  component: fetching(() => import('./PersonPage.tsx'), 'PersonPage'),
});

export const people = area(
  [list, one],
  [{ to: '/people', title: navigation.people, icon: 'people', section: 'manage', shownTo: 'auditor' }],
);
