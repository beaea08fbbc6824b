/** Home: what is open, what waits. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  component: fetching(() => import('./HomePage.tsx'), 'HomePage'),
});

export const home = area([page], [{ to: '/', title: navigation.home, icon: 'home', section: 'access' }]);
