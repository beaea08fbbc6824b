/** Questions to one gateway about its databases, and who waits for their answers. */
import { randomUUID } from 'node:crypto';
import { LOOK_WITHIN_MS, type LookAnswer, type LookFor, TEST_WITHIN_MS, type ToGateway } from '@tidegate/contract';
import type { ResourceName } from '@tidegate/core';

/** Looks at a resource through one of its gateways. Never rejects: what could not be looked at is `failed`, with why. */
export type Look = (resource: ResourceName, wanted: LookFor) => Promise<LookAnswer>;

/** Questions that one gateway is asked at once; beyond that it is busy. */
const OPEN_MAX = 32;

const failed = (message: string): LookAnswer => ({ kind: 'failed', message });

export const NO_GATEWAY = failed('No gateway is linked that could look at it.');
export const TOO_OLD = failed('Its gateway is of an older release and cannot: bring it up to date.');

export class Looks {
  readonly #send: (message: ToGateway) => void;
  readonly #waiting = new Map<string, (answer: LookAnswer) => void>();
  #over = false;

  constructor(send: (message: ToGateway) => void) {
    this.#send = send;
  }

  async ask(resource: ResourceName, wanted: LookFor): Promise<LookAnswer> {
    if (this.#over) return NO_GATEWAY;
    if (this.#waiting.size >= OPEN_MAX) return failed('Its gateway is busy with other questions.');
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<LookAnswer>();
    this.#waiting.set(id, resolve);
    const within = wanted.kind === 'test' ? TEST_WITHIN_MS : LOOK_WITHIN_MS;
    const timer = setTimeout(() => this.heard(id, failed('Its gateway did not answer in time.')), within);
    this.#send({ type: 'look', id, resource, wanted });
    const answer = await promise;
    clearTimeout(timer);
    // An answer to another question is none.
    return answer.kind === wanted.kind || answer.kind === 'failed' ? answer : failed('Its gateway answered strangely.');
  }

  /** An answer that nobody waits for any more is dropped. */
  heard(id: string, answer: LookAnswer): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }

  /** The connection is over: nobody will answer. */
  end(): void {
    this.#over = true;
    for (const id of Array.from(this.#waiting.keys())) this.heard(id, failed('Its gateway went away.'));
  }
}
