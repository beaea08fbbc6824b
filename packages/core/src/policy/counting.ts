/** For which step each approval counts: whichever way the most of them count (augmenting paths, Kuhn). */

/**
 * Seats approvals one after the other, and moves those that sit where that makes room for another. Deterministic: each
 * takes the first step it fits that has room, and nobody is moved without need. Who sits is never unseated, and a step
 * that filled stays full, so that it makes no difference in the end in which order they came: as many sit as could.
 *
 * @param room how many approvals each step takes
 * @param approvals of each the steps that it fits
 * @returns of each the step that it counts for; null: there is no room for it, however the others move
 */
export function countFor(
  room: readonly number[],
  approvals: readonly (readonly number[])[],
): readonly (number | null)[] {
  const seats: (number | null)[] = approvals.map(() => null);
  const seated = room.map((): Set<number> => new Set());

  const take = (approval: number, step: number): true => {
    const before = seats[approval] ?? null;
    if (before !== null) seated[before]?.delete(approval);
    seats[approval] = step;
    seated[step]?.add(approval);
    return true;
  };
  const seat = (approval: number, full: Set<number>): boolean => {
    const fits = approvals[approval] ?? [];
    for (const step of fits) if ((seated[step]?.size ?? 0) < (room[step] ?? 0)) return take(approval, step);
    for (const step of fits) {
      if (full.has(step)) continue;
      full.add(step);
      for (const other of seated[step] ?? []) if (seat(other, full)) return take(approval, step);
    }
    return false;
  };
  for (const approval of approvals.keys()) seat(approval, new Set());
  return seats;
}
