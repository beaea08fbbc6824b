import { statSync, writeFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { formatJoinToken, LINK_PROTOCOL, parseJoinToken, type ToGateway } from '@tidegate/contract';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LinkClock } from '../src/link/clock.ts';
import { DesiredState } from '../src/link/desired.ts';
import { type Identity, readIdentity, renewAt, writeIdentity } from '../src/link/identity.ts';
import { join, renewIdentity } from '../src/link/join.ts';
import { Link, type LinkOptions } from '../src/link/link.ts';
import { keepRenewed } from '../src/link/renewal.ts';
import { becomeMember } from '../src/membership.ts';
import { GATEWAY, TestControl } from './support/control.ts';
import { temporaryFolder } from './support/record.ts';

const silent = { info: () => undefined, warn: () => undefined };
let control: TestControl;
let identity: Identity;

beforeEach(async () => {
  control = await TestControl.start();
  identity = await join(control.token, ['localhost', '127.0.0.1']);
});
afterEach(() => control.down());

const welcome = (staleAfterMs = 30_000): ToGateway => ({
  type: 'welcome',
  gateway: GATEWAY,
  name: 'test',
  now: new Date().toISOString(),
  staleAfterMs,
  cutAfterMs: 300_000,
});
const state = (revision: number): ToGateway => ({ type: 'state', revision, resources: [], grants: [] });
const change = (from: number, revision: number): ToGateway => ({
  type: 'change',
  from,
  revision,
  resources: [],
  grants: [],
  removedResources: [],
  removedGrants: [],
});

function startLink(change: Partial<LinkOptions> = {}): Link {
  const link = new Link({
    identity: () => identity,
    version: '1',
    about: () => ({ listeners: [], listenerCa: null, sessions: [] }),
    apply: async () => undefined,
    cut: () => undefined,
    look: async () => ({ kind: 'failed', message: 'There is nothing to look at.' }),
    onContact: () => undefined,
    onUp: () => undefined,
    log: silent,
    ...change,
  });
  onTestFinished(() => link.stop());
  link.start();
  return link;
}

describe('joining', () => {
  it('brings an identity that is kept for its owner alone', async () => {
    const file = path(temporaryFolder(), 'identity.json');
    expect(readIdentity(file)).toBeNull();
    writeFileSync(`${file}.new`, '', { mode: 0o644 });
    writeIdentity(file, identity);
    expect(readIdentity(file)).toEqual(identity);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(identity).toMatchObject({ gateway: GATEWAY, address: control.address });
  });

  it('gives the secret to nobody but the authority that the token names', async () => {
    const parts = parseJoinToken(control.token);
    const wrong = formatJoinToken({ address: '', secret: '', ...parts, fingerprint: 'ab'.repeat(32) });
    const asked = vi.fn();
    control.refuse.set('/', 500);
    control.onConnect = asked;
    await expect(join(wrong, ['localhost'])).rejects.toThrow('is not the control plane that made this token');
    expect(asked).not.toHaveBeenCalled();
  });

  it('says what is wrong with a token that is spent, not a token, or leads nowhere', async () => {
    control.refuse.set('/join', 403);
    await expect(join(control.token, ['localhost'])).rejects.toThrow('refused the join');
    await expect(join('no token', ['localhost'])).rejects.toThrow('not a join token');
    const { token } = control;
    await control.down();
    await expect(join(token, ['localhost'])).rejects.toThrow('cannot be reached');
    await control.up();
  });

  it('is not done again while the control plane knows us, and is when it does not any more', async () => {
    const file = path(temporaryFolder(), 'identity.json');
    await expect(becomeMember(file, null, ['localhost'])).rejects.toThrow('has not joined');
    const first = await becomeMember(file, control.token, ['localhost']);
    expect(await becomeMember(file, control.token, ['localhost'])).toEqual(first);
    control.refuse.set('/streams', 403);
    control.gateway = 'gw_fedcba9876543210';
    const second = await becomeMember(file, control.token, ['localhost']);
    expect(second.gateway).toBe(control.gateway);
    expect(readIdentity(file)).toEqual(second);
    // Another authority altogether: the store was made anew.
    const other = await TestControl.start();
    onTestFinished(() => other.down());
    const third = await becomeMember(file, other.token, ['localhost']);
    expect(third.ca).not.toBe(second.ca);
    expect(third.address).toBe(other.address);
  });
});

describe('renewal', () => {
  it('happens at two thirds of the certificate’s life, with a new key', async () => {
    control.certificateLifeMs = 2_000;
    identity = await join(control.token, ['localhost']);
    expect(renewAt(identity) - Date.now()).toBeLessThan(2_500);
    control.certificateLifeMs = 3_600_000;
    const renewed = Promise.withResolvers<Identity>();
    const renewal = keepRenewed(() => identity, ['localhost'], renewed.resolve, silent);
    onTestFinished(() => renewal.stop());
    const fresh = await renewed.promise;
    expect(fresh).toMatchObject({ gateway: GATEWAY, ca: identity.ca });
    expect(fresh.key).not.toBe(identity.key);
    expect(renewAt(fresh)).toBeGreaterThan(Date.now() + 60_000);
    await expect(renewIdentity(fresh, ['localhost'])).resolves.toMatchObject({ gateway: GATEWAY });
  });
});

describe('the link', () => {
  it('says hello, takes the state, and acknowledges it only when it is applied', async () => {
    const sent: ((message: ToGateway) => void)[] = [];
    control.onConnect = (send) => {
      sent.push(send);
      send(welcome());
      send(state(5));
    };
    const applied = Promise.withResolvers<void>();
    const hello = control.next('hello');
    const link = startLink({ apply: () => applied.promise });
    expect(await hello).toMatchObject({ protocol: LINK_PROTOCOL, version: '1', sessions: [] });
    await vi.waitFor(() => expect(link.snapshot()).toMatchObject({ contact: 1 }));
    expect(control.received.some((message) => message.type === 'ack')).toBe(false);
    const ack = control.next('ack');
    applied.resolve();
    expect((await ack).revision).toBe(5);
    await vi.waitFor(() => expect(link.contact().controlNow).toBeGreaterThan(Date.now() - 1_000));
    expect(Math.abs(link.controlNow() - Date.now())).toBeLessThan(1_000);
    expect(link.contact()).toMatchObject({ staleAfterMs: 30_000, cutAfterMs: 300_000 });
  });

  it('asks for the whole when a change does not follow from what it knows', async () => {
    control.onConnect = (send) => {
      send(welcome());
      send(state(1));
      send(change(1, 2));
    };
    const second = control.next('ack', ({ revision }) => revision === 2);
    const link = startLink();
    await second;
    const resync = control.next('resync');
    control.send(change(7, 8));
    control.send(change(8, 9));
    await resync;
    expect(link.revision).toBe(2);
    const ninth = control.next('ack', ({ revision }) => revision === 9);
    control.send(state(9));
    await ninth;
    expect(control.received.filter((message) => message.type === 'resync')).toHaveLength(1);
  });

  it('is not in touch before the whole state has come, whatever pongs say', async () => {
    control.onConnect = (send) => send(welcome());
    const order: string[] = [];
    const link = startLink({
      apply: async () => void order.push('apply'),
      onContact: () => order.push('contact'),
    });
    await vi.waitFor(() => expect(link.contact().controlNow).not.toBeNull());
    const pong = { type: 'pong', echo: 1, now: Date.now() } as const;
    control.send(pong);
    control.send(state(1));
    await vi.waitFor(() => expect(link.lastContact()).not.toBeNull());
    expect(order.slice(0, 2)).toEqual(['apply', 'contact']);
  });

  it('comes back after the control plane was gone, keeps what it knew, and tells its sessions', async () => {
    control.onConnect = (send) => {
      send(welcome());
      send(state(3));
    };
    const up = vi.fn();
    const first = control.next('ack');
    const link = startLink({ onUp: up });
    await first;
    await control.down();
    await vi.waitFor(() => expect(link.lastContact()).toBeNull());
    expect(link.snapshot()).toMatchObject({ contact: 1 });
    expect(link.contact().agoMs).toBeGreaterThan(0);
    const hello = control.next('hello');
    const again = control.next('ack');
    await control.up();
    await hello;
    await again;
    expect(link.snapshot()).toMatchObject({ contact: 2 });
    expect(up).toHaveBeenCalledTimes(2);
  });

  it('drops a control plane that says what is not in the contract, and one that is silent', async () => {
    control.onConnect = (send) => {
      send(welcome(400));
      send(state(1));
    };
    const hello = () => control.next('hello');
    const first = hello();
    startLink();
    await first;
    const second = hello();
    control.sendText('{"type":"state","revision":"seven"}');
    await second;
    // Pings are answered no more: with `staleAfter` of 400 ms it may be silent for 300.
    const third = hello();
    control.answerPings = false;
    await third;
  });

  it('does not talk to another control plane', async () => {
    const impostor = await TestControl.start();
    onTestFinished(() => impostor.down());
    const connected = vi.fn();
    impostor.onConnect = connected;
    const warned: object[] = [];
    const log = { ...silent, warn: (fields: object) => warned.push(fields) };
    const link = startLink({ identity: () => ({ ...identity, address: impostor.address }), log });
    await vi.waitFor(() => expect(warned).toHaveLength(1));
    expect(connected).not.toHaveBeenCalled();
    expect(link.snapshot()).toBeNull();
  });

  it('passes cuts on, and tells an operator what to do when it is not let in', async () => {
    const cut = vi.fn();
    control.onConnect = (send) => {
      send(welcome());
      send({ type: 'cut', session: 'ses_0123456789abcdef' as never, reason: 'enough', by: 'carol' as never });
    };
    startLink({ cut });
    await vi.waitFor(() => expect(cut).toHaveBeenCalledWith('ses_0123456789abcdef', 'enough', 'carol'));
    control.refuse.set('/link', 403);
    const warned: object[] = [];
    startLink({ log: { ...silent, warn: (fields) => warned.push(fields) } });
    await vi.waitFor(() => expect(warned).toMatchObject([{ next: expect.stringContaining('join again') }]));
  });
});

describe('the desired state', () => {
  it('is the same by changes as it would be whole', () => {
    const grant = (id: string, phase: string) => ({ id, phase }) as never;
    const desired = new DesiredState();
    const seen: number[] = [];
    desired.onChange(() => seen.push(desired.revision));
    expect(desired.change({ ...(change(0, 1) as Extract<ToGateway, { type: 'change' }>) })).toBe(false);
    desired.replace({ type: 'state', revision: 1, resources: [], grants: [grant('a', 'open'), grant('b', 'open')] });
    const next = change(1, 2) as Extract<ToGateway, { type: 'change' }>;
    const applied = desired.change({
      ...next,
      grants: [grant('b', 'close'), grant('c', 'open')],
      removedGrants: ['a' as never],
    });
    expect(applied).toBe(true);
    expect(desired.snapshot()?.grants).toEqual([grant('b', 'close'), grant('c', 'open')]);
    expect(seen).toEqual([1, 2]);
  });
});

describe('the control plane’s clock', () => {
  it('is taken from the quickest answer', () => {
    const clock = new LinkClock();
    expect(clock.controlNow()).toBeNull();
    // The truth: control plane's clock is 1,000,000 ahead of ours.
    clock.add(100, 140, 1_000_100 + 38);
    clock.add(200, 202, 1_000_201);
    clock.add(300, 350, 1_000_300 + 2);
    expect((clock.controlNow() ?? 0) - performance.now()).toBeCloseTo(1_000_000, 0);
  });

  it('follows when it is set', () => {
    const clock = new LinkClock();
    clock.add(100, 101, 5_000_100.5);
    clock.add(200, 240, 1_000_220);
    expect((clock.controlNow() ?? 0) - performance.now()).toBeCloseTo(1_000_000, 0);
  });
});
