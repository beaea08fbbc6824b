/** What one was told. */
export const notices = {
  title: 'Notices',
  lead: 'What you were told, newest first. What you have not seen yet is marked.',
  which: 'Which',
  unread: 'New',
  all: 'All',
  none: 'You have been told nothing yet.',
  noneUnread: 'Nothing new.',
  noneHint: 'You hear of what you wait for, and of what waits for you.',
  isNew: 'new',
  open: 'Open',
  more: 'Older ones',
  count: (count: string) => `${count} new`,
} as const;
