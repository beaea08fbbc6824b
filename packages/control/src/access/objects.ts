/** The tables of a resource, for people who could ask for something there: what a request can be narrowed to. */
import type { LookAnswer, ResourceObjects } from '@tidegate/contract';
import { type Person, type ResourceName, speaksFor, TidegateError, tableText } from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Look } from '../link/looks.ts';
import { type InForce, resourceNamed } from './in-force.ts';

/** Milliseconds. Whoever picks tables asks often; a database's catalog is not for browsing. */
const KEPT_MS = 60_000;

interface Kept {
  readonly answer: Promise<LookAnswer>;
  readonly at: Temporal.Instant;
  /** Of the configuration that it was asked under: a resource that moved is another. */
  readonly version: number;
}

export class Objects {
  readonly #context: Pick<Context, 'store' | 'now'>;
  readonly #look: Look;
  readonly #kept = new Map<ResourceName, Kept>();

  constructor(context: Pick<Context, 'store' | 'now'>, look: Look) {
    this.#context = context;
    this.#look = look;
  }

  /** Throws `not_found`, `forbidden` to who could ask for nothing there, `resource_unavailable`. */
  async of(name: ResourceName, person: Person): Promise<ResourceObjects> {
    const inForce = await currentConfig(this.#context.store.db);
    const { engine } = resourceNamed(inForce, name);
    assertCouldAsk(inForce, name, person);
    const { answer, at } = await this.#seen(name, inForce.version);
    if (answer.kind !== 'objects') {
      const why = answer.kind === 'failed' ? answer.message : '';
      throw new TidegateError('resource_unavailable', `The tables of ${name} cannot be seen just now. ${why}`, '');
    }
    return {
      resource: name,
      seenAt: at.toString(),
      tables: answer.tables.map((table) => ({
        ...table,
        only: tableText({ ...table, database: null }, engine),
        onlyHere: tableText(engine === 'mysql' ? { ...table, database: null } : table, engine),
      })),
      more: answer.more,
    };
  }

  async #seen(name: ResourceName, version: number): Promise<{ answer: LookAnswer; at: Temporal.Instant }> {
    const now = this.#context.now();
    const known = this.#kept.get(name);
    const fresh =
      known !== undefined && known.version === version && now.since(known.at).total('milliseconds') < KEPT_MS;
    const kept = fresh ? known : { answer: this.#look(name, { kind: 'objects' }), at: now, version };
    this.#kept.set(name, kept);
    const answer = await kept.answer;
    // What could not be seen is asked for anew.
    if (answer.kind === 'failed' && this.#kept.get(name) === kept) this.#kept.delete(name);
    return { answer, at: kept.at };
  }
}

/** Conditions aside: whether they hold is for the time of asking. */
function assertCouldAsk({ policy, ...inForce }: InForce, name: ResourceName, person: Person): void {
  const resource = resourceNamed({ policy, ...inForce }, name);
  const could = policy.rules.some((rule) =>
    rule.roles.some((role) => speaksFor(rule, { person, resource, role, breakGlass: rule.breakGlass !== null })),
  );
  if (could) return;
  throw new TidegateError('forbidden', `You can ask for nothing on ${name}.`, 'See tidegate resources.');
}
