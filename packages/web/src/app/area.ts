/** An area: its routes, and what it adds to the navigation. `routes` keeps their types: links and parameters are checked. */
import type { AnyRoute } from '@tanstack/react-router';
import type { NavigationEntry } from './navigation.ts';

export interface Area<Routes extends readonly AnyRoute[]> {
  readonly routes: Routes;
  readonly navigation: readonly NavigationEntry[];
}

export const area = <const Routes extends readonly AnyRoute[]>(
  routes: Routes,
  navigation: readonly NavigationEntry[] = [],
): Area<Routes> => ({ routes, navigation });
