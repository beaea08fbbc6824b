/**
 * Answers the control plane's questions about databases from their catalogs. On connections of its own, few and kept for
 * a while: whoever plans or browses must not stand in the way of opening and closing grants.
 */
import type { DesiredResource, LookAnswer, LookFor } from '@tidegate/contract';
import type { ResourceName } from '@tidegate/core';
import { Lane } from './engines/lane.ts';
import { ProvisionError, type Provisioner, type ProvisionLog } from './engines/provisioner.ts';

export interface LookingOptions {
  readonly resources: () => readonly DesiredResource[];
  readonly provisionerFor: (resource: DesiredResource) => Provisioner;
  readonly log: ProvisionLog;
}

/** Questions that are worked on at once; the others wait, no longer than their asker does. */
const WIDTH = 4;
/** Tests of connections: of their own number, because one to nowhere takes its time. */
const TESTS = 2;
const KEPT_MS = 60_000;

interface Kept {
  readonly resource: string;
  readonly provisioner: Provisioner;
  timer: NodeJS.Timeout;
}

export class Looking {
  readonly #options: LookingOptions;
  readonly #lane = new Lane(WIDTH);
  readonly #tests = new Lane(TESTS);
  readonly #kept = new Map<ResourceName, Kept>();

  constructor(options: LookingOptions) {
    this.#options = options;
  }

  /** Never rejects: what cannot be looked at is `failed`. */
  async look(name: ResourceName, wanted: LookFor): Promise<LookAnswer> {
    try {
      if (wanted.kind === 'test') return await this.#tests.run(() => this.#test(wanted.resource));
      const resource = this.#options.resources().find((each) => each.name === name);
      if (resource === undefined) return failed('The gateway does not know this resource.');
      return await this.#lane.run(() => this.#provisioner(resource).look(wanted));
    } catch (error) {
      const told = error instanceof ProvisionError;
      const detail = told ? error.detail : error instanceof Error ? error.message : String(error);
      const code = told ? error.code : 'unexpected';
      this.#options.log.warn({ resource: name, code, detail }, 'a resource could not be looked at');
      return failed(told ? error.message : 'The database could not be looked at.');
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((name) => this.#drop(name)));
  }

  /** On connections that are there for nothing else, and gone after: it may never be in force as it stands here. */
  async #test(resource: DesiredResource): Promise<LookAnswer> {
    const provisioner = this.#options.provisionerFor(resource);
    try {
      return { kind: 'test', test: await provisioner.test() };
    } finally {
      await provisioner.end();
    }
  }

  /** The one that is kept for the resource as it is now; forgotten when nothing was asked for a while. */
  #provisioner(resource: DesiredResource): Provisioner {
    const { name } = resource;
    const text = JSON.stringify(resource);
    const known = this.#kept.get(name);
    if (known !== undefined && known.resource === text) {
      known.timer.refresh();
      return known.provisioner;
    }
    if (known !== undefined) this.#dropUnawaited(name);
    const provisioner = this.#options.provisionerFor(resource);
    const timer = setTimeout(() => this.#dropUnawaited(name), KEPT_MS);
    timer.unref();
    this.#kept.set(name, { resource: text, provisioner, timer });
    return provisioner;
  }

  #dropUnawaited(name: ResourceName): void {
    this.#drop(name).catch((error: unknown) => {
      this.#options.log.warn({ resource: name, detail: String(error) }, 'connections could not be ended');
    });
  }

  async #drop(name: ResourceName): Promise<void> {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    this.#kept.delete(name);
    clearTimeout(kept.timer);
    await kept.provisioner.end();
  }
}

const failed = (message: string): LookAnswer => ({ kind: 'failed', message });
