/** Resources: all, and one. */
import { createRoute } from '@tanstack/react-router';
import { reading } from '../../api/queries.ts';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

const list = createRoute({
  getParentRoute: () => signedIn,
  path: '/resources',
  validateSearch: ({ find }: Record<string, unknown>): { find?: string } =>
    typeof find === 'string' && find !== '' ? { find } : {},
  loader: ({ context }) => void context.queries.prefetchQuery(reading('resources')),
  component: fetching(() => import('./ResourcesPage.tsx'), 'ResourcesPage'),
});

const one = createRoute({
  getParentRoute: () => signedIn,
  path: '/resources/$name',
  component: fetching(() => import('./ResourcePage.tsx'), 'ResourcePage'),
});

const edit = createRoute({
  getParentRoute: () => signedIn,
  path: '/resources/$name/edit',
  component: fetching(() => import('./ResourceFormPage.tsx'), 'EditResourcePage'),
});

/** Beside the list, not in it: “new” is a name that a resource may have. */
const add = createRoute({
  getParentRoute: () => signedIn,
  path: '/add-resource',
  component: fetching(() => import('./ResourceFormPage.tsx'), 'AddResourcePage'),
});

export const resources = area(
  [list, one, edit, add],
  [{ to: '/resources', title: navigation.resources, icon: 'resources', section: 'access' }],
);
