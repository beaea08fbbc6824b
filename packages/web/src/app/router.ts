/** Every page there is, by area: an area adds one line to `areas`, and one to the tree. */
import { createRouter } from '@tanstack/react-router';
import { queries } from '../api/queries.ts';
import { Loading } from '../components/Loading.tsx';
import { gateways } from '../pages/gateways/area.ts';
import { home } from '../pages/home/area.ts';
import { notices } from '../pages/notices/area.ts';
import { overview } from '../pages/overview/area.ts';
import { people } from '../pages/people/area.ts';
import { policies } from '../pages/policies/area.ts';
import { query } from '../pages/query/area.ts';
import { record } from '../pages/record/area.ts';
import { requests } from '../pages/requests/area.ts';
import { resources } from '../pages/resources/area.ts';
import { reviews } from '../pages/reviews/area.ts';
import { security } from '../pages/security/area.ts';
import { sessions } from '../pages/sessions/area.ts';
import { settings } from '../pages/settings/area.ts';
import { signIn } from '../pages/sign-in/area.ts';
import { standIns } from '../pages/stand-ins/area.ts';
import { Broken } from './Broken.tsx';
import { open, root, signedIn } from './root.ts';

/** In the order in which the navigation shows them. */
const areas = [
  home,
  requests,
  resources,
  query,
  reviews,
  overview,
  sessions,
  record,
  policies,
  people,
  gateways,
  settings,
  notices,
  standIns,
  security,
];

const tree = root.addChildren([
  open.addChildren([...signIn.routes]),
  signedIn.addChildren([
    ...home.routes,
    ...requests.routes,
    ...reviews.routes,
    ...security.routes,
    ...notices.routes,
    ...standIns.routes,
    ...resources.routes,
    ...query.routes,
    ...overview.routes,
    ...sessions.routes,
    ...record.routes,
    ...policies.routes,
    ...people.routes,
    ...gateways.routes,
    ...settings.routes,
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  context: { queries, navigation: areas.flatMap(({ navigation }) => navigation) },
  defaultPreload: 'intent',
  // The queries know how old an answer is; the router shall not guess.
  defaultPreloadStaleTime: 0,
  // Within the shell: the way to the other pages stays.
  defaultErrorComponent: Broken,
  defaultPendingComponent: Loading,
  defaultPendingMs: 150,
  defaultPendingMinMs: 200,
  // Of an address, pages see what they have checked (`validateSearch`), and nothing else.
  search: { strict: true },
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
