/**
 * Which messages are tried: each in the long run; else every fifth, from a random one on, so that runs together come to
 * all of them. The message that a test fails at stands in what it expected.
 */
export const EVERY = process.env.TIDEGATE_LONG === '1' ? 1 : 5;

/** The first message to die at, from 1. */
export const firstOf = (): number => 1 + Math.floor(Math.random() * EVERY);
