/** What one was told. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/notices',
  component: fetching(() => import('./NoticesPage.tsx'), 'NoticesPage'),
});

export const notices = area(
  [page],
  [{ to: '/notices', title: navigation.notices, icon: 'notices', section: 'you', counts: 'notices' }],
);
