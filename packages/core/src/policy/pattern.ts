/** The form a ticket must have. First cut: replaced below by a matcher whose time is bounded. */

/** Longest ticket that is looked at, in characters. */
export const TICKET_MAX = 200;

export type TicketMatch = 'yes' | 'no' | 'too_long' | 'bad_pattern';

/** Does `ticket` match `pattern`, anchored as written? */
export function matchesTicket(pattern: string, ticket: string): TicketMatch {
  if (ticket.length > TICKET_MAX) return 'too_long';
  if (ticketPatternProblem(pattern) !== null) return 'bad_pattern';
  return new RegExp(pattern, 'u').test(ticket) ? 'yes' : 'no';
}

/** What is wrong with a ticket pattern, for the configuration's errors; null: nothing. */
export function ticketPatternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern, 'u');
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
