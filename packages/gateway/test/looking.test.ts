/** A gateway looks at databases for the control plane: on connections of its own, kept for a while, and never throws. */
import type { DesiredResource, LookAnswer } from '@tidegate/contract';
import type { ResourceName } from '@tidegate/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ProvisionError, type Provisioner } from '../src/engines/provisioner.ts';
import { Looking } from '../src/looking.ts';
import { SILENT } from './principal-support.ts';
import { stage } from './sqlserver-support.ts';

const EMPTY: LookAnswer = { kind: 'objects', tables: [], more: false };

function made(answer: () => Promise<LookAnswer>) {
  let resource: DesiredResource = stage().resource;
  const ended: string[] = [];
  const begun: string[] = [];
  const looking = new Looking({
    resources: () => [resource],
    provisionerFor: ({ databases }) => {
      begun.push(databases.join());
      const end = async () => void ended.push(databases.join());
      const never = () => Promise.reject(new Error('not to be asked'));
      const provisioner: Provisioner = {
        prepare: never,
        open: never,
        close: never,
        leftovers: never,
        check: never,
        look: answer,
        test: never,
        end,
      };
      return provisioner;
    },
    log: SILENT,
  });
  onTestFinished(() => looking.stop());
  const look = (name = resource.name) => looking.look(name, { kind: 'objects' });
  const change = (databases: string[]) => {
    resource = { ...resource, databases };
  };
  return { looking, look, change, begun, ended };
}

test('connections are kept from one question to the next, and ended when a resource changes or nobody asks', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { look, change, begun, ended } = made(async () => EMPTY);
  change(['a']);
  expect(await look()).toEqual(EMPTY);
  await look();
  expect(begun).toEqual(['a']);
  change(['b']);
  await look();
  expect([begun, ended]).toEqual([['a', 'b'], ['a']]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).toEqual(['a', 'b']);
});

test('a connection is tested on connections of its own, which are ended, and the resource need not be known', async () => {
  const ended: string[] = [];
  const never = () => Promise.reject(new Error('not to be asked'));
  const test = { failedAt: null, server: 'x', administrator: 'y', tls: null, problems: [], warnings: [] };
  const looking = new Looking({
    resources: () => [],
    provisionerFor: ({ name }) => ({
      prepare: never,
      open: never,
      close: never,
      leftovers: never,
      check: never,
      look: never,
      test: async () => test,
      end: async () => void ended.push(name),
    }),
    log: SILENT,
  });
  const { resource } = stage();
  expect(await looking.look(resource.name, { kind: 'test', resource })).toEqual({ kind: 'test', test });
  expect(ended).toEqual([resource.name]);
});

test('what cannot be looked at is said in words for people, without what is for the operator’s log', async () => {
  const refused = new ProvisionError('The database cannot be reached.', 'ECONNREFUSED', 'secret of the operator');
  expect(await made(() => Promise.reject(refused)).look()).toEqual({
    kind: 'failed',
    message: 'The database cannot be reached.',
  });
  expect(await made(() => Promise.reject(new Error('a bug with details'))).look()).toEqual({
    kind: 'failed',
    message: 'The database could not be looked at.',
  });
  expect(await made(async () => EMPTY).look('nowhere' as ResourceName)).toMatchObject({ kind: 'failed' });
});
