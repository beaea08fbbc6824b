/** What one was told. */
export const notices = {
  title: 'Notices',
  lead: 'What you were told, newest first. What you have not seen yet is marked.',
  none: 'You have been told nothing yet.',
  noneHint: 'You hear of what you wait for, and of what waits for you.',
  isNew: 'new',
  more: 'Older ones',
} as const;
