/** Code that is fetched when it is first needed, and what is thrown where that fails: offline, or after an update. */
import { lazyRouteComponent } from '@tanstack/react-router';

/** A part of the app could not be fetched. */
export class Unfetched extends Error {
  /** Tries once more; false: it still is not there, and only the page loaded anew can help. */
  readonly again: () => Promise<boolean>;

  constructor(again: () => Promise<boolean>, cause: unknown) {
    super('A part of this page could not be fetched.', { cause });
    this.name = 'Unfetched';
    this.again = again;
  }
}

/**
 * A route's page, by its file. The router itself would load the whole document anew where a file cannot be fetched, which
 * offline ends at the browser's own error page: here the route shows what is the matter, and the rest stays.
 */
export const fetching: typeof lazyRouteComponent = (importer, name) => {
  const component = lazyRouteComponent(async () => {
    try {
      return await importer();
    } catch (cause) {
      throw new Unfetched(async () => {
        await component.preload?.();
        // The router takes it away once the page is there.
        return component.preload === undefined;
      }, cause);
    }
  }, name);
  return component;
};

/** For parts that React fetches: it keeps a failure, so that only another load of the page brings them. */
export async function part<T>(importer: () => Promise<T>): Promise<T> {
  try {
    return await importer();
  } catch (cause) {
    throw new Unfetched(async () => false, cause);
  }
}
