/** Gateways. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { reading } from '../../api/queries.ts';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/gateways',
  loader: ({ context }) => void context.queries.prefetchQuery(reading('gateways')),
  component: lazyRouteComponent(() => import('./GatewaysPage.tsx'), 'GatewaysPage'),
});

export const gateways = area(
  [page],
  [{ to: '/gateways', title: navigation.gateways, icon: 'gateways', section: 'manage', shownTo: 'auditor' }],
);
