import type { Figures } from '../figures.ts';
import type { MysqlStage } from '../stage/mysql-stage.ts';
import type { SqlServerStage } from '../stage/sqlserver-stage.ts';
import type { Stage } from '../stage/stage.ts';

/** One part of the bench, picked by `--only NAME`; `S` is the stage of its engine. */
export interface PartOn<S> {
  readonly name: string;
  readonly says: string;
  run(stage: S, figures: Figures, options: PartOptions): Promise<void>;
}

export type PostgresPart = PartOn<Stage>;
export type MysqlPart = PartOn<MysqlStage>;
export type SqlServerPart = PartOn<SqlServerStage>;

export interface PartOptions {
  readonly rounds: number;
  /** How long one measurement takes. */
  readonly seconds: number;
  /** Which shapes, as `prepared.8`, `simple.1.tls` or `mysql.text.1`; all when not given. */
  readonly shapes?: readonly string[] | undefined;
  readonly progress: (text: string) => void;
}
