/**
 * A grant that ends with hundreds of sessions open. The relay tells its clients and hangs up; the provisioner, which
 * closes the principal in the same moment, ends in the database only what is left after that: no storm of KILLs, whose
 * work in the server and whose connections would take the processor from the clients that are being told.
 */
import type { DesiredResource } from '@tidegate/contract';
import { expect, onTestFinished, test } from 'vitest';
import { mysqlProvisioner } from '../src/engines/mysql/principal/index.ts';
import { Connections as MysqlConnections } from '../src/engines/mysql/principal/sessions.ts';
import type { Provisioner } from '../src/engines/provisioner.ts';
import { sqlserverProvisioner } from '../src/engines/sqlserver/principal/index.ts';
import { Connections as SqlServerConnections } from '../src/engines/sqlserver/principal/sessions.ts';
import { connectTedious as drive } from '../src/engines/sqlserver/principal/tedious.ts';
import type { RelayResource } from '../src/worker-protocol.ts';
import { connectMysql, newMysqlWorld } from './mysql-support.ts';
import { contextOf } from './principal-support.ts';
import { grantOf, type RelayWorld, type TestGrant, TestRelay } from './relay-support.ts';
import { connectTedious, newSqlServerWorld } from './sqlserver-relay.ts';
import { refOf } from './sqlserver-support.ts';

const SESSIONS = 200;
/** None is left on a machine with time to spare; on a busy one the relay may not be through when it is looked again. */
const FEW = SESSIONS / 2;

/** What the provisioner says to the server. */
type Saw = (statement: string) => void;

interface Side {
  readonly world: RelayWorld & { end(): Promise<void> };
  readonly tlsRequired: boolean;
  readonly principals: (saw: Saw) => Provisioner;
  /** Opens a session; `over` resolves when its client hears that it is. */
  readonly connect: (relay: TestRelay, grant: TestGrant) => Promise<{ readonly over: Promise<void> }>;
}

test('of MySQL: the relay hangs up first, and few sessions if any are left to be killed', async () => {
  const world = await newMysqlWorld({}, { max_connections: '400' });
  const { socketPath, user, password } = world.server;
  const resource = administered({ ...world.resource, address: { socket: socketPath, port: 3306 } }, user, password);
  await allEnd({
    world,
    tlsRequired: false,
    principals: (saw) => {
      const inner = new MysqlConnections(contextOf(resource));
      return mysqlProvisioner(contextOf(resource), {
        end: () => inner.end(),
        use: (database, work) =>
          inner.use(database, (session) =>
            work({
              ...session,
              rows: (shape, text, values) => {
                saw(text);
                return session.rows(shape, text, values);
              },
              run: (statements, values) => {
                for (const text of statements) saw(text);
                return session.run(statements, values);
              },
            }),
          ),
      });
    },
    connect: async (relay, grant) => {
      const client = await connectMysql(relay, grant);
      return { over: new Promise((resolve) => client.on('error', () => resolve())) };
    },
  });
});

test('of SQL Server: the relay hangs up first, and few sessions if any are left to be killed', async () => {
  const world = await newSqlServerWorld();
  const resource = administered(world.resource, 'sa', 'Sa-password-1');
  await allEnd({
    world,
    tlsRequired: true,
    principals: (saw) => {
      const inner = new SqlServerConnections({ ...contextOf(resource), connect: drive });
      return sqlserverProvisioner(contextOf(resource), {
        end: () => inner.end(),
        use: (database, identity, work) =>
          inner.use(database, identity, (session) =>
            work({
              ...session,
              rows: (shape, text, values) => {
                saw(text);
                return session.rows(shape, text, values);
              },
              run: (statements) => {
                for (const text of statements) saw(text);
                return session.run(statements);
              },
            }),
          ),
      });
    },
    connect: async (relay, grant) => {
      const client = await connectTedious(world, relay, grant);
      return { over: new Promise((resolve) => client.on('end', () => resolve())) };
    },
  });
});

async function allEnd({ world, tlsRequired, principals: make, connect }: Side): Promise<void> {
  onTestFinished(() => world.end());
  const said: string[] = [];
  const looked = Promise.withResolvers<void>();
  const principals = make((statement) => {
    said.push(statement);
    if (/PROCESSLIST|dm_exec_sessions/.test(statement)) looked.resolve();
  });
  onTestFinished(() => principals.end());
  const made = grantOf(world.resource);
  // Of three kinds, as SQL Server wants passwords.
  const grant = { ...made.grant, principalPassword: `Tg1.${made.grant.principalPassword}` };
  await principals.prepare(grant);
  await principals.open(grant, Temporal.Now.instant().add({ hours: 1 }));
  const relay = await TestRelay.start(world, [{ ...made, grant }], { tlsRequired });
  onTestFinished(() => relay.stop());
  const sessions: { readonly over: Promise<void> }[] = [];
  while (sessions.length < SESSIONS) {
    sessions.push(...(await Promise.all(Array.from({ length: 20 }, () => connect(relay, { ...made, grant })))));
  }

  // The worst order: the provisioner has seen all of them before the relay hears of the end.
  const closing = principals.close(refOf(grant));
  await looked.promise;
  await relay.change([{ ...grant, phase: 'close', closing: { reason: 'revoked' as const, by: 'bob', comment: null } }]);
  await Promise.all(sessions.map(({ over }) => over));
  expect(await closing).toMatchObject({ gone: true });
  expect(said.filter((statement) => statement.startsWith('KILL')).length).toBeLessThan(FEW);
}

const administered = (resource: RelayResource, user: string, password: string): DesiredResource => ({
  ...resource,
  credential: { user, source: { kind: 'secret', password } },
  ownerRole: null,
  reconcile: true,
});
