/** A grant on SQL Server from its principal to its end: made by the provisioner, used through the relay, gone afterwards. */
import type { RoleName } from '@tidegate/core';
import { expect, it, onTestFinished } from 'vitest';
import { batch } from '../../../test/tds-server/clients/tedious.ts';
import { sqlserver } from '../src/engines/sqlserver/index.ts';
import { grantOf, TestRelay } from './relay-support.ts';
import { connectTedious, DATABASE, newSqlServerWorld } from './sqlserver-relay.ts';
import { refOf } from './sqlserver-support.ts';

it('makes the principal, lets its person in, holds it to its role, and takes it away', async () => {
  const world = await newSqlServerWorld();
  onTestFinished(() => world.end());
  const { resource, server } = world;
  await server.query(DATABASE, `INSERT INTO things VALUES (1, N'seen')`);
  const provisioner = await sqlserver.provisioner();
  const principals = provisioner({
    resource: {
      ...resource,
      credential: { user: 'sa', source: { kind: 'secret', password: 'Sa-password-1' } },
      ownerRole: null,
      reconcile: true,
    },
    password: async () => 'Sa-password-1',
    controlNow: Date.now,
    log: { info() {}, warn() {} },
  });
  onTestFinished(() => principals.end());
  const made = grantOf(resource, { role: { name: 'reader' as RoleName, privileges: 'read' } });
  const grant = { ...made.grant, principalPassword: `Tg1.${made.grant.principalPassword}` };
  const test = { ...made, grant };
  const relay = await TestRelay.start(world, [test], { tlsRequired: true });
  onTestFinished(() => relay.stop());

  await principals.prepare(grant);
  await expect(connectTedious(world, relay, test)).rejects.toThrow('does not let the principal');
  await principals.open(grant, Temporal.Now.instant().add({ hours: 1 }));
  const client = await connectTedious(world, relay, test);
  expect((await batch(client, 'SELECT name, SUSER_SNAME() FROM things')).rows).toEqual([['seen', test.user]]);
  await expect(batch(client, `INSERT INTO things VALUES (2, N'no')`)).rejects.toMatchObject({ number: 229 });

  const closing = { reason: 'relinquished' as const, by: 'alice', comment: null };
  await relay.change([{ ...grant, phase: 'close', closing }]);
  expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
  const left = await server.query(DATABASE, `SELECT name FROM sys.database_principals WHERE name = N'${test.user}'`);
  expect(left).toEqual([]);
  expect(await relay.recorded('session.ended')).toMatchObject({ because: 'grant_relinquished' });
});
