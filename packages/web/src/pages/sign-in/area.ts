/** Signing in, and the first set-up. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { open } from '../../app/root.ts';
import { isOurs } from '../../lib/address.ts';

interface SignInSearch {
  /** Where to go afterwards: an address of this app. */
  readonly to?: string;
}

const signInRoute = createRoute({
  getParentRoute: () => open,
  path: '/sign-in',
  // Only our own addresses: a link must not lead out of the app by way of its sign-in page.
  validateSearch: ({ to }): SignInSearch => (typeof to === 'string' && isOurs(to) ? { to } : {}),
  component: fetching(() => import('./SignInPage.tsx'), 'SignInPage'),
});

/** The link that an empty Tidegate prints: `/setup.html#token=…`. */
const setUpRoute = createRoute({
  getParentRoute: () => open,
  path: '/setup.html',
  component: fetching(() => import('./SetUpPage.tsx'), 'SetUpPage'),
});

export const signIn = area([signInRoute, setUpRoute]);
