/** The inbox of reviewers. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const inbox = createRoute({
  getParentRoute: () => signedIn,
  path: '/reviews',
  /** Which request is looked at; the first where left out. */
  validateSearch: ({ id }): { readonly id?: string } => (typeof id === 'string' ? { id } : {}),
  component: fetching(() => import('./ReviewsPage.tsx'), 'ReviewsPage'),
});

const after = createRoute({
  getParentRoute: () => signedIn,
  path: '/reviews/after',
  validateSearch: ({ show }): { readonly show?: 'all' } => (show === 'all' ? { show } : {}),
  component: fetching(() => import('./AfterReviewsPage.tsx'), 'AfterReviewsPage'),
});

export const reviews = area(
  [inbox, after],
  [{ to: '/reviews', title: navigation.reviews, icon: 'review', section: 'access' }],
);
