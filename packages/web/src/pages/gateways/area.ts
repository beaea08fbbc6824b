/** Gateways. */
import { createRoute } from '@tanstack/react-router';
import { reading } from '../../api/queries.ts';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/gateways',
  loader: ({ context }) => void context.queries.prefetchQuery(reading('gateways')),
  component: fetching(() => import('./GatewaysPage.tsx'), 'GatewaysPage'),
});

export const gateways = area(
  [page],
  [{ to: '/gateways', title: navigation.gateways, icon: 'gateways', section: 'manage', shownTo: 'auditor' }],
);
