import type { LinkContext } from '../../link/join-tokens.ts';
import type { WaitForTicket } from '../../link/tickets.ts';
import type { Served } from '../serve.ts';

/** What routes work with. */
export interface Parts {
  readonly context: LinkContext;
  readonly waitForTicket: WaitForTicket;
}
export type Routes = Parts & Served;
