/** SQL in the browser, for whoever has an open grant. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { query as words } from '../../words/query.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/query',
  validateSearch: ({ grant }: Record<string, unknown>): { grant?: string } =>
    typeof grant === 'string' && /^g[0-9a-z]{7}$/.test(grant) ? { grant } : {},
  component: lazyRouteComponent(() => import('./QueryPage.tsx'), 'QueryPage'),
});

export const query = area([page], [{ to: '/query', title: words.title, icon: 'query', section: 'access' }]);
