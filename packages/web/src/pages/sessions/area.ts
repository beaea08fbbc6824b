/** Sessions: live and past; one, followed or replayed. */
import { createRoute } from '@tanstack/react-router';
import { area } from '../../app/area.ts';
import { fetching } from '../../app/fetched.ts';
import { signedIn } from '../../app/root.ts';
import { navigation } from '../../words/navigation.ts';

export interface SessionsSearch {
  readonly show?: 'all';
  readonly person?: string;
  readonly resource?: string;
  /** A day: `2026-11-22`. */
  readonly since?: string;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const list = createRoute({
  getParentRoute: () => signedIn,
  path: '/sessions',
  validateSearch: ({ show, person, resource, since }: Record<string, unknown>): SessionsSearch => ({
    ...(show === 'all' ? { show } : {}),
    ...(text(person) === undefined ? {} : { person: text(person) ?? '' }),
    ...(text(resource) === undefined ? {} : { resource: text(resource) ?? '' }),
    ...(/^\d{4}-\d\d-\d\d$/.test(text(since) ?? '') ? { since: text(since) ?? '' } : {}),
  }),
  component: fetching(() => import('./SessionsPage.tsx'), 'SessionsPage'),
});

const one = createRoute({
  getParentRoute: () => signedIn,
  path: '/sessions/$id',
  /** `op`: the statement that is meant. */
  validateSearch: ({ op, find }: Record<string, unknown>): { op?: number; find?: string } => ({
    ...(typeof op === 'number' && Number.isSafeInteger(op) ? { op } : {}),
    ...(text(find) === undefined ? {} : { find: text(find) ?? '' }),
  }),
  component: fetching(() => import('./SessionPage.tsx'), 'SessionPage'),
});

export const sessions = area(
  [list, one],
  [{ to: '/sessions', title: navigation.sessions, icon: 'sessions', section: 'watch' }],
);
