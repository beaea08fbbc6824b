/** Addresses of this app. */

/** The page one is on, without its origin: what others are asked to lead back to. */
export const ourAddress = (): string => `${location.pathname}${location.search}${location.hash}`;

/** True for an address within this app: whatever a link says, it leads nowhere else (`//evil.example`, `/\evil.example`). */
export const isOurs = (address: string): boolean => /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(address);
