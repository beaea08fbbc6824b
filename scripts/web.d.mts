/** Throws when it can't be built; the reason is on stderr by then. */
export function buildWeb(root: string, node: string): void;
