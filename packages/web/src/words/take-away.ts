/** Taking somebody’s access away. */
export const takeAway = {
  deed: 'Take it away',
  one: (person: string, role: string) => `Take it away: ${role} of ${person}`,
  of: (person: string, role: string) => `Take ${role} away from ${person}?`,
  reason: 'Why (they are told)',
  what: 'It ends now, and so does every connection under it.',
} as const;
