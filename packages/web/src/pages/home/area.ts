/** Home: what is open, what waits. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { home as words } from '../../words/home.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  component: lazyRouteComponent(() => import('./HomePage.tsx'), 'HomePage'),
});

export const home = area([page], [{ to: '/', title: words.title, icon: 'home', section: 'access' }]);
