/** How I prove that it is me, and where I am signed in. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/security',
  component: lazyRouteComponent(() => import('./SecurityPage.tsx'), 'SecurityPage'),
});

/** Links to it stand in refusals and in terminals. */
const mfa = createRoute({
  getParentRoute: () => signedIn,
  path: '/mfa',
  validateSearch: ({ challenge }): { readonly challenge?: string } =>
    typeof challenge === 'string' ? { challenge } : {},
  component: lazyRouteComponent(() => import('./MfaPage.tsx'), 'MfaPage'),
});

export const security = area(
  [page, mfa],
  [{ to: '/security', title: navigation.security, icon: 'security', section: 'you' }],
);
