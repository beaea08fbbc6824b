import type { LinkContext } from '../../link/join-tokens.ts';
import type { Look } from '../../link/looks.ts';
import type { WaitForTicket } from '../../link/tickets.ts';
import type { Served } from '../serve.ts';

/** What routes work with. */
export interface Parts {
  readonly context: LinkContext;
  readonly waitForTicket: WaitForTicket;
  readonly look: Look;
}
export type Routes = Parts & Served;
