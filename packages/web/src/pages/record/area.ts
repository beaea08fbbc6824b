/** The record: searched, its chain, one grant's whole story. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';
import { recordSearch } from './search.ts';

const search = createRoute({
  getParentRoute: () => signedIn,
  path: '/record',
  validateSearch: recordSearch,
  component: fetching(() => import('./RecordPage.tsx'), 'RecordPage'),
});

const chain = createRoute({
  getParentRoute: () => signedIn,
  path: '/record/chain',
  component: fetching(() => import('./ChainPage.tsx'), 'ChainPage'),
});

const story = createRoute({
  getParentRoute: () => signedIn,
  path: '/record/grants/$id',
  component: fetching(() => import('./StoryPage.tsx'), 'StoryPage'),
});

export const record = area(
  [search, chain, story],
  [{ to: '/record', title: navigation.record, icon: 'record', section: 'watch', shownTo: 'record-reader' }],
);
