/** What a refused ask is told, whatever refused it. */
import type { ErrorCode } from '../errors.ts';

export interface Refusal {
  readonly code: ErrorCode;
  /** What happened and why; a sentence. */
  readonly why: string;
  /** What the person can do now; a sentence. */
  readonly next: string;
}
