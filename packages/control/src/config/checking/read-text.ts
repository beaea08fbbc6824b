/** A text as it would be in force: checked and compared beside the event loop, and made into what decisions are made with. */
import { type CurrentConfig, pathText, type Told, toCurrent, toldAt } from '@tidegate/config';
import type { Config } from '@tidegate/contract';
import type { Reader } from '../../store/schema.ts';
import { inForceAs } from '../current.ts';
import { readKnown } from '../known.ts';
import type { Checked } from './check.ts';
import type { ConfigChecker } from './checker.ts';

export interface TextInOrder extends Omit<Checked, 'places' | 'changes' | 'access'> {
  readonly written: Config;
  /** As it would be in force; version 0. */
  readonly config: CurrentConfig;
  /** What was found out elsewhere (in the databases themselves), told where it stands in the text. */
  readonly told: Told;
}

export interface Compared extends TextInOrder {
  readonly changes: NonNullable<Checked['changes']>;
  /** Who gains and loses what; null: it was not asked for, or there is too much to compare. */
  readonly access: Checked['access'];
}

/** Throws what `ConfigChecker.check` throws. */
export async function readText(db: Reader, checker: ConfigChecker, text: string): Promise<TextInOrder> {
  return inOrder(await checker.check({ text, known: await readKnown(db), against: null }));
}

/** The same, and how it differs from `before`, which `db` sees in force. `access`: who gains and loses what, too. */
export async function compareText(
  db: Reader,
  checker: ConfigChecker,
  text: string,
  before: CurrentConfig,
  { access }: { readonly access: boolean },
): Promise<Compared> {
  const against = { ...(await inForceAs(db, before)), access };
  const checked = await checker.check({ text, known: await readKnown(db), against });
  return { ...inOrder(checked), changes: checked.changes ?? [], access: checked.access };
}

export function inOrder({ content, warnings, places }: Checked): TextInOrder {
  // Checked in the thread, whose own words these are.
  const written: Config = JSON.parse(content);
  const told = toldAt((path) => places.get(pathText(path)) ?? { line: 1, column: 1 });
  return { content, written, config: toCurrent(written, 0), warnings, told };
}
