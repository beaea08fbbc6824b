/** Groups as they are typed: by comma, each once. */
export const groupsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== ''),
  ),
];
