/** Asserts that something is refused, by its stable code: messages are for people and may change. */
import { expect } from 'vitest';
import { type ErrorCode, TidegateError } from '../src/index.ts';

/** The error that `act` is refused with; the test fails where it is not refused. */
export function refusal(act: () => unknown): TidegateError {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    if (error instanceof TidegateError) return error;
    throw error;
  }
  throw new Error(`not refused: ${JSON.stringify(result)}`);
}

export function expectRefusal(code: ErrorCode, act: () => unknown): TidegateError {
  const error = refusal(act);
  expect(error.code, error.message).toBe(code);
  return error;
}
