/** Who reviews in whose stead. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/stand-ins',
  validateSearch: ({ show }): { readonly show?: 'all' } => (show === 'all' ? { show } : {}),
  component: fetching(() => import('./StandInsPage.tsx'), 'StandInsPage'),
});

export const standIns = area(
  [page],
  [{ to: '/stand-ins', title: navigation.standIns, icon: 'standIns', section: 'you' }],
);
