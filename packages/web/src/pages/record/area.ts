/** The record: searched, its chain, one grant's whole story. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';
import { recordSearch } from './search.ts';

const search = createRoute({
  getParentRoute: () => signedIn,
  path: '/record',
  validateSearch: recordSearch,
  component: lazyRouteComponent(() => import('./RecordPage.tsx'), 'RecordPage'),
});

const chain = createRoute({
  getParentRoute: () => signedIn,
  path: '/record/chain',
  component: lazyRouteComponent(() => import('./ChainPage.tsx'), 'ChainPage'),
});

const story = createRoute({
  getParentRoute: () => signedIn,
  path: '/record/grants/$id',
  component: lazyRouteComponent(() => import('./StoryPage.tsx'), 'StoryPage'),
});

export const record = area(
  [search, chain, story],
  [{ to: '/record', title: navigation.record, icon: 'record', section: 'watch', shownTo: 'auditor' }],
);
