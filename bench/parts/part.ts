import type { Figures } from '../figures.ts';
import type { Stage } from '../stage/stage.ts';

/** One part of the bench, picked by `--only NAME`. */
export interface Part {
  readonly name: string;
  readonly says: string;
  run(stage: Stage, figures: Figures, options: PartOptions): Promise<void>;
}

export interface PartOptions {
  readonly rounds: number;
  /** How long one measurement takes. */
  readonly seconds: number;
  /** Of the relay part: which shapes, as `prepared.8` or `simple.1.tls`; all when not given. */
  readonly shapes?: readonly string[] | undefined;
  readonly progress: (text: string) => void;
}
