/** Asking, my requests, and one request with all that came of it. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

export interface AskSearch {
  readonly resource?: string;
  readonly role?: string;
  /** ISO 8601. */
  readonly for?: string;
  /** A request to take reason and ticket from. */
  readonly again?: string;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const ask = createRoute({
  getParentRoute: () => signedIn,
  path: '/request',
  validateSearch: (search): AskSearch => {
    const given = {
      resource: text(search.resource),
      role: text(search.role),
      for: text(search.for),
      again: text(search.again),
    };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  },
  component: fetching(() => import('./AskPage.tsx'), 'AskPage'),
});

const list = createRoute({
  getParentRoute: () => signedIn,
  path: '/requests',
  validateSearch: ({ of }): { readonly of?: 'all' } => (of === 'all' ? { of } : {}),
  component: fetching(() => import('./RequestsPage.tsx'), 'RequestsPage'),
});

const one = createRoute({
  getParentRoute: () => signedIn,
  path: '/requests/$id',
  component: fetching(() => import('./RequestPage.tsx'), 'RequestPage'),
});

export const requests = area(
  [ask, list, one],
  [
    { to: '/request', title: navigation.ask, icon: 'request', section: 'access' },
    { to: '/requests', title: navigation.requests, icon: 'requests', section: 'access' },
  ],
);
