/** A session that ends by itself: told once, with the reason, if one was said. */

export function lost() {
  let last = '';
  let over = false;
  let told: ((why: string) => void) | null = null;
  return {
    /** What the other side said: the reason, if it ends next. What follows it only says that the connection is gone. */
    keep(message: string): void {
      if (last === '') last = message;
    },
    tell(): void {
      if (over) return;
      over = true;
      told?.(last);
    },
    onLost(listener: (why: string) => void): void {
      told = listener;
      if (over) listener(last);
    },
  };
}
