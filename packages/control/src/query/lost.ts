/** A session that ends by itself: told once, with what was said last. */

export function lost() {
  let last = '';
  let over = false;
  let told: ((why: string) => void) | null = null;
  return {
    /** What the other side said: the reason, if it ends next. */
    keep(message: string): void {
      last = message;
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
