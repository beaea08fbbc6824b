/** The server's sentences on a page: what names the command line there is said in the page's own words. */
import { Refusal } from '@tidegate/contract';
import type { ErrorCode } from '@tidegate/core';
import { refusals } from '../words/refusals.ts';

/** A command (`tidegate keys create`) or an option (`--ticket`). */
export const namesCommandLine = (text: string): boolean => /\btidegate [a-z]|(?<![\w-])--[a-z]/.test(text);

const codes: Readonly<Partial<Record<ErrorCode, string>>> = refusals.codes;

/** The longest is the one that is meant: `tidegate requests`, not `tidegate request`. */
const commands = Object.entries(refusals.commands).sort(([one], [other]) => other.length - one.length);

/** A page's words for a sentence that names a command or an option; undefined: the catalogue has none for it. */
const inWords = (sentence: string): string | undefined => commands.find(([command]) => sentence.includes(command))?.[1];

/**
 * `text` for a page, sentence by sentence.
 *
 * @param otherwise what is said for a command that the catalogue doesn't know; left out: the sentence as it is, for
 *   words that are not ours (a database's)
 */
export function forPage(text: string, otherwise?: string): string {
  const sentences = text.split(/(?<=[.!?…”"])\s+(?=\p{Lu})/u);
  return sentences
    .map((each) => (namesCommandLine(each) ? (inWords(each) ?? otherwise ?? each) : each))
    .filter((each) => each !== '')
    .join(' ');
}

interface Said {
  readonly what: string;
  readonly next: string;
}

/** A refusal's two sentences. What the code alone can say is said once. */
export function refusalForPage(code: ErrorCode, message: string, next: string): Said {
  const instead = codes[code] ?? '';
  const what = forPage(message, '');
  return { what: what === '' ? instead : what, next: what === '' ? '' : forPage(next, instead) };
}

/** What is wrong with a configuration, all of it, where a refusal says so. */
export const problemsForPage = (error: unknown) =>
  (error instanceof Refusal ? (error.problem?.errors ?? []) : []).map((each) => ({
    ...each,
    message: forPage(each.message),
  }));
