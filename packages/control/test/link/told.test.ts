/** What a connection is told adds up to what is desired, whatever happens in between (property). */
import { toGateway } from '@tidegate/contract';
import type { GatewayId, GrantId, ResourceName, TicketId } from '@tidegate/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Desired } from '../../src/link/desired.ts';
import { Told, viewFor } from '../../src/link/told.ts';

const GATEWAY = 'gw_0000000000000001' as GatewayId;
const OTHER = 'gw_0000000000000002' as GatewayId;
const RESOURCES = ['orders', 'shop', 'hr'] as ResourceName[];
const GRANTS = ['g0000001', 'g0000002', 'g0000003'] as GrantId[];

const desired = fc
  .record({
    resources: fc.dictionary(fc.constantFrom(...RESOURCES), fc.nat(3)),
    grants: fc.dictionary(fc.constantFrom(...GRANTS), fc.record({ value: fc.nat(3), tickets: fc.nat(3) })),
    mine: fc.subarray(RESOURCES),
  })
  .map(({ resources, grants, mine }) => ({
    desired: {
      resources: new Map(
        Object.entries(resources).map(([name, value]) => [
          name as ResourceName,
          { relays: `["${name}",${value},false]`, reconciles: `["${name}",${value},true]` },
        ]),
      ),
      grants: new Map(
        Object.entries(grants).map(([id, { value, tickets }]) => {
          const ids = Array.from({ length: tickets }, (_, at) => `${id}/${at}` as TicketId);
          return [id as GrantId, { json: JSON.stringify([id, value, ids]), tickets: ids }];
        }),
      ),
      blocked: new Map(),
      changesAt: null,
    } satisfies Desired,
    leases: new Map(RESOURCES.map((name) => [name, mine.includes(name) ? GATEWAY : OTHER])),
  }));

/** A gateway's side, as the contract says it. */
class Mirror {
  revision = 0;
  readonly parts = new Map<string, unknown>();

  take(message: string): void {
    const { type, revision, from, resources, grants, removedResources, removedGrants } = JSON.parse(message);
    if (type === 'state') this.parts.clear();
    else expect(from).toBe(this.revision);
    for (const key of [...(removedResources ?? []), ...(removedGrants ?? [])]) this.parts.delete(key);
    for (const part of [...resources, ...grants]) this.parts.set(part[0], part);
    expect(revision).toBe(this.revision + 1);
    this.revision = revision;
  }
}

test('the changes add up to the whole, and nothing is said that was known', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(desired, fc.boolean()), { minLength: 1, maxLength: 12 }), (steps) => {
      const told = new Told();
      const mirror = new Mirror();
      for (const [index, [{ desired: wanted, leases }, resync]] of steps.entries()) {
        const view = viewFor(GATEWAY, wanted, leases);
        const message = index === 0 || resync ? told.whole(view) : told.change(view);
        if (message !== null) mirror.take(message);
        expect(told.change(view)).toBeNull();
        const expected = new Map<string, unknown>([
          ...[...wanted.resources].map(
            ([name, json]) => [name, JSON.parse(leases.get(name) === GATEWAY ? json.reconciles : json.relays)] as const,
          ),
          ...[...wanted.grants].map(([id, { json }]) => [id, JSON.parse(json)] as const),
        ]);
        expect(Object.fromEntries(mirror.parts)).toEqual(Object.fromEntries(expected));
      }
    }),
  );
});

test('a ticket is known with the revision that told of it, once, and no earlier', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(desired, fc.nat(3)), { minLength: 1, maxLength: 12 }), (steps) => {
      const told = new Told();
      /** The revision that first told of each ticket, since it was last desired. */
      const first = new Map<TicketId, number>();
      const known = new Set<TicketId>();
      for (const [index, [{ desired: wanted, leases }, lag]] of steps.entries()) {
        const view = viewFor(GATEWAY, wanted, leases);
        if (index === 0) told.whole(view);
        else told.change(view);
        const tickets = new Set([...wanted.grants.values()].flatMap((grant) => grant.tickets));
        for (const ticket of first.keys()) if (!tickets.has(ticket)) first.delete(ticket);
        for (const ticket of known) if (!tickets.has(ticket)) known.delete(ticket);
        for (const ticket of tickets) if (!first.has(ticket)) first.set(ticket, told.revision);
        const acknowledged = told.revision - lag;
        for (const ticket of told.acknowledge(acknowledged)) {
          expect(known.has(ticket)).toBe(false);
          expect(first.get(ticket)).toBeLessThanOrEqual(acknowledged);
          known.add(ticket);
        }
        for (const [ticket, revision] of first)
          expect(known.has(ticket)).toBe(revision <= acknowledged || known.has(ticket));
      }
    }),
  );
});

test('its messages are of the contract', () => {
  const told = new Told();
  const nothing = { resources: new Map(), grants: new Map(), blocked: new Map(), changesAt: null };
  const whole = told.whole(viewFor(GATEWAY, nothing, new Map()));
  expect(toGateway.parse(JSON.parse(whole))).toEqual({ type: 'state', revision: 1, resources: [], grants: [] });
});
