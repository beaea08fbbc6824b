/** Requests, grants and reviews: what Home, the request pages and the inbox say alike. */
export const access = {
  state: {
    pending: 'waiting',
    approved: 'approved',
    denied: 'denied',
    cancelled: 'taken back',
    lapsed: 'lapsed',
    scheduled: 'opening',
    active: 'open',
    closing: 'closing',
    closed: 'closed',
  } as Readonly<Record<string, string>>,
  closed: {
    expired: 'ended on time',
    revoked: 'taken away',
    relinquished: 'given back',
    failed: 'could not be opened',
  } as Readonly<Record<string, string>>,
  /** What a role lets one do; `lines` are shown themselves. */
  privileges: {
    read: 'Read all data.',
    write: 'Read and change all data.',
    own: 'Read and change all data, and change tables themselves.',
    lines: 'Exactly this:',
  },
  step: {
    anyOf: (count: number, from: string) => `${count === 1 ? 'one' : String(count)} of ${from}`,
    next: ', then ',
    both: ' and ',
    nobody: 'Nobody could agree to this now.',
    whoCould: (names: readonly string[]) => {
      const shown = names.slice(0, 5).join(', ');
      return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
    },
    done: (names: readonly string[]) => `approved by ${names.join(', ')}`,
    open: 'waiting for an approval',
    waiting: 'comes after that',
  },
  lapses: 'Lapses',
  asked: 'Asked',
  on: 'on',
  role: 'Role',
  resource: 'Resource',
  duration: 'For',
  reason: 'Reason',
  noReason: 'No reason given',
  ticket: 'Ticket',
  person: 'Person',
  rule: 'Rule',
  only: 'Only',
  start: 'From',
  atOnce: 'as soon as it is approved',
  glassBroken: 'at once, by break-glass',
  agreed: 'Agreed to',
  againAsk: 'Ask again',
  extends: 'More time for a grant that is open',
  breakGlass: 'Break glass',
} as const;
