/** Gateways. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { reading } from '../../api/queries.ts';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { gateways as words } from '../../words/gateways.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/gateways',
  loader: ({ context }) => void context.queries.prefetchQuery(reading('gateways')),
  component: lazyRouteComponent(() => import('./GatewaysPage.tsx'), 'GatewaysPage'),
});

export const gateways = area(
  [page],
  [{ to: '/gateways', title: words.title, icon: 'gateways', section: 'manage', shownTo: 'auditor' }],
);
