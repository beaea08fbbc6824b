/** Home: what is open, what waits. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  component: lazyRouteComponent(() => import('./HomePage.tsx'), 'HomePage'),
});

export const home = area([page], [{ to: '/', title: navigation.home, icon: 'home', section: 'access' }]);
