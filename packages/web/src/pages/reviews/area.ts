/** The inbox of reviewers. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { reviews as words } from '../../words/reviews.ts';

const inbox = createRoute({
  getParentRoute: () => signedIn,
  path: '/reviews',
  /** Which request is looked at; the first where left out. */
  validateSearch: ({ id }): { readonly id?: string } => (typeof id === 'string' ? { id } : {}),
  component: lazyRouteComponent(() => import('./ReviewsPage.tsx'), 'ReviewsPage'),
});

export const reviews = area([inbox], [{ to: '/reviews', title: words.title, icon: 'review', section: 'access' }]);
