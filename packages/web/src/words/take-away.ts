/** Taking somebody’s access away. */
export const takeAway = {
  deed: 'Take it away',
  of: (person: string, role: string) => `Take ${role} away from ${person}?`,
  reason: 'Why (they are told)',
  what: 'It ends now, and so does every connection under it.',
} as const;
