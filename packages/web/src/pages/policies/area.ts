/** Policies and roles: read, edited with checks and a plan, compared, explained, simulated. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

export type Tab = 'read' | 'edit' | 'versions' | 'explain' | 'simulate';
const TABS: readonly unknown[] = ['edit', 'versions', 'explain', 'simulate'];

export interface PoliciesSearch {
  readonly tab?: Exclude<Tab, 'read'>;
  /** The version that is looked at; under `edit`, the one to begin from. */
  readonly version?: number;
  readonly resource?: string;
  readonly role?: string;
  readonly as?: string;
}

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/policies',
  validateSearch: ({ tab, version, resource, role, as }: Record<string, unknown>): PoliciesSearch => ({
    ...(TABS.includes(tab) ? { tab: tab as 'edit' } : {}),
    ...(typeof version === 'number' && Number.isSafeInteger(version) && version >= 0 ? { version } : {}),
    ...(typeof resource === 'string' ? { resource } : {}),
    ...(typeof role === 'string' ? { role } : {}),
    ...(typeof as === 'string' ? { as } : {}),
  }),
  component: fetching(() => import('./PoliciesPage.tsx'), 'PoliciesPage'),
});

const outgrown = createRoute({
  getParentRoute: () => signedIn,
  path: '/policies/outgrown',
  component: fetching(() => import('./OutgrownPage.tsx'), 'OutgrownPage'),
});

export const policies = area(
  [page, outgrown],
  [{ to: '/policies', title: navigation.policies, icon: 'policies', section: 'manage', shownTo: 'policy-reader' }],
);
