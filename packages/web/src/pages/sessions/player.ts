/** Where a replay stands, and how it moves on. */
import type { SessionStatement } from '@tidegate/contract';
import { useCallback, useEffect, useMemo, useState } from 'react';

export interface Player {
  /** Milliseconds since the session began. */
  readonly at: number;
  /** The statement that ran last by then. */
  readonly current: SessionStatement | null;
  readonly playing: boolean;
  readonly speed: number;
  readonly skip: boolean;
  readonly toggle: () => void;
  readonly seek: (at: number) => void;
  readonly choose: (statement: SessionStatement) => void;
  readonly setSpeed: (speed: number) => void;
  readonly setSkip: (skip: boolean) => void;
}

/** A pause longer than this is skipped, all but this of it. */
const PAUSE_MS = 2_000;

export function usePlayer(all: readonly SessionStatement[], length: number, live: boolean): Player {
  const [at, setAt] = useState(0);
  const [held, setHeld] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(5);
  const [skip, setSkip] = useState(true);
  const [chosen, setChosen] = useState<string | null>(null);

  useEffect(() => {
    if (!playing) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      const passed = (now - before) * speed;
      before = now;
      setAt((from) => Math.min(length, skip ? overPause(all, from, passed) : from + passed));
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, skip, all, length]);

  const over = playing && at >= length;
  useEffect(() => {
    if (over) setPlaying(false);
  }, [over]);

  // A live one is at its end, unless somebody holds it.
  const place = live && !held ? length : at;
  const current = useMemo(() => {
    if (chosen !== null) return all.find(({ cursor }) => cursor === chosen) ?? null;
    return all[lastBefore(all, place)] ?? null;
  }, [all, place, chosen]);

  const seek = useCallback((to: number) => {
    setHeld(true);
    setChosen(null);
    setAt(to);
  }, []);
  const choose = useCallback((statement: SessionStatement) => {
    setHeld(true);
    setPlaying(false);
    setAt(statement.offsetMs);
    setChosen(statement.cursor);
  }, []);
  const toggle = useCallback(() => {
    setChosen(null);
    setAt((from) => (from >= length ? 0 : from));
    setPlaying((before) => !before);
  }, [length]);
  return useMemo(
    () => ({ at: place, current, playing, speed, skip, toggle, seek, choose, setSpeed, setSkip }),
    [place, current, playing, speed, skip, toggle, seek, choose],
  );
}

/** The index of the last statement that had begun by `at`; -1: none. They are in order of time. */
export function lastBefore(all: readonly SessionStatement[], at: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.offsetMs ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** On by `passed`; where nothing happens for long, to just before the next statement. */
export function overPause(all: readonly SessionStatement[], from: number, passed: number): number {
  const to = from + passed;
  const next = all[lastBefore(all, from) + 1];
  if (next === undefined || next.offsetMs <= to || next.offsetMs - from <= PAUSE_MS) return to;
  return next.offsetMs - PAUSE_MS;
}
