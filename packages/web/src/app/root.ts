/**
 * The two roots that pages hang under: `open` for whoever comes (sign-in, set-up), `signedIn` for everybody who has
 * shown who they are. Pages import these; the router imports the pages.
 */
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, redirect } from '@tanstack/react-router';
import { Refusal } from '@tidegate/contract';
import { reading } from '../api/queries.ts';
import { Broken } from './Broken.tsx';
import { fetching } from './fetched.ts';
import type { NavigationEntry } from './navigation.ts';

export interface RouterContext {
  readonly queries: QueryClient;
  /** In the order in which it is shown. */
  readonly navigation: readonly NavigationEntry[];
}

export const root = createRootRouteWithContext<RouterContext>()({
  notFoundComponent: fetching(() => import('./Unusual.tsx'), 'NotFound'),
  errorComponent: Broken,
});

/** Pages that need no login. */
export const open = createRoute({
  getParentRoute: () => root,
  id: 'open',
  component: fetching(() => import('./OpenLayout.tsx'), 'OpenLayout'),
});

/** Pages of somebody who is signed in: whoever is not is led to sign in, and comes back to where they were. */
export const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signedIn',
  component: fetching(() => import('./Shell.tsx'), 'Shell'),
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(reading('me'));
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'unauthenticated')) throw error;
      throw redirect({ to: '/sign-in', search: { to: location.href } });
    }
  },
});
