/** How I prove that it is me, and where I am signed in. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const page = createRoute({
  getParentRoute: () => signedIn,
  path: '/security',
  component: fetching(() => import('./SecurityPage.tsx'), 'SecurityPage'),
});

/** Links to it stand in refusals and in terminals. */
const mfa = createRoute({
  getParentRoute: () => signedIn,
  path: '/mfa',
  validateSearch: ({ challenge }): { readonly challenge?: string } =>
    typeof challenge === 'string' ? { challenge } : {},
  component: fetching(() => import('./MfaPage.tsx'), 'MfaPage'),
});

export const security = area(
  [page, mfa],
  [{ to: '/security', title: navigation.security, icon: 'security', section: 'you' }],
);
