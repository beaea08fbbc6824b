/** Home. */
export const home = {
  title: 'Home',
  lead: 'What is open for you, what waits for you, and what you wait for.',
} as const;
