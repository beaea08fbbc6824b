/** SQL in the browser, for whoever has an open grant. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/query',
  validateSearch: ({ grant }: Record<string, unknown>): { grant?: string } =>
    typeof grant === 'string' && /^g[0-9a-z]{7}$/.test(grant) ? { grant } : {},
  component: fetching(() => import('./QueryPage.tsx'), 'QueryPage'),
});

export const query = area([page], [{ to: '/query', title: navigation.query, icon: 'query', section: 'access' }]);
