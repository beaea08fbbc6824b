/**
 * The thread in which texts are checked. It has neither the process's environment nor anything open: a text that makes it
 * run out of time or memory takes nothing with it (`checker.ts` starts another).
 */
import { parentPort } from 'node:worker_threads';
import { InvalidConfig } from '@tidegate/config';
import { TidegateError } from '@tidegate/core';
import { type Asked, Checking } from './check.ts';
import type { Answer } from './checker.ts';

// The YAML parser looks for a variable at each token; of the real thing that is a third of its time.
process.env = {};

const checking = new Checking();

/** What is wrong with the text is an answer; whatever else is thrown ends the thread, and is told by that. */
function answerTo(asked: Asked): Answer {
  try {
    return { kind: 'checked', checked: checking.check(asked) };
  } catch (error) {
    if (error instanceof InvalidConfig) return { kind: 'invalid', problems: error.problems };
    if (error instanceof TidegateError) {
      return { kind: 'refused', code: error.code, message: error.message, next: error.next };
    }
    throw error;
  }
}

parentPort?.on('message', (asked: Asked) => parentPort?.postMessage(answerTo(asked)));
