/** Every page there is, by area: an area adds one line to `areas`, and one to the tree. */
import { createRouter } from '@tanstack/react-router';
import { queries } from '../api/queries.ts';
import { Loading } from '../components/Loading.tsx';
import { home } from '../pages/home/area.ts';
import { requests } from '../pages/requests/area.ts';
import { reviews } from '../pages/reviews/area.ts';
import { security } from '../pages/security/area.ts';
import { signIn } from '../pages/sign-in/area.ts';
import { open, root, signedIn } from './root.ts';

/** In the order in which the navigation shows them. */
const areas = [home, requests, reviews, security];

const tree = root.addChildren([
  open.addChildren([...signIn.routes]),
  signedIn.addChildren([...home.routes, ...requests.routes, ...reviews.routes, ...security.routes]),
]);

export const router = createRouter({
  routeTree: tree,
  context: { queries, navigation: areas.flatMap(({ navigation }) => navigation) },
  defaultPreload: 'intent',
  // The queries know how old an answer is; the router shall not guess.
  defaultPreloadStaleTime: 0,
  defaultPendingComponent: Loading,
  defaultPendingMs: 150,
  defaultPendingMinMs: 200,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
