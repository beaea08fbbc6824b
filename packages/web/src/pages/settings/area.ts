/** Settings. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/settings',
  component: fetching(() => import('./SettingsPage.tsx'), 'SettingsPage'),
});

export const settings = area(
  [page],
  [{ to: '/settings', title: navigation.settings, icon: 'settings', section: 'manage', shownTo: 'auditor' }],
);
