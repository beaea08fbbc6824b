/** How I prove that it is me, and where I am signed in. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { security as words } from '../../words/security.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/security',
  component: lazyRouteComponent(() => import('./SecurityPage.tsx'), 'SecurityPage'),
});

export const security = area([page], [{ to: '/security', title: words.title, icon: 'security', section: 'you' }]);
