/** A grant's life as reader, editor, owner, and as a role that lists what it gives, on a real server, with the code that a gateway runs. */
import { type DesiredGrant, desiredGrant } from '@tidegate/contract';
import { type GrantLine, isProblem, parseGrantLine } from '@tidegate/core';
import { kindOf, type Provisioner } from '../src/engines/provisioner.ts';
import type { DriverConnection } from '../src/engines/sqlserver/principal/driver.ts';
import { sqlserverProvisioner } from '../src/engines/sqlserver/principal/index.ts';
import { quoteName } from '../src/engines/sqlserver/principal/quote.ts';
import { Connections } from '../src/engines/sqlserver/principal/sessions.ts';
import {
  Checklist,
  dropDatabase,
  factsOf,
  grantOf,
  makeDatabase,
  optionsOf,
  refusedWith,
  resourceOn,
  type Target,
  using,
} from './stage.ts';

/** 18456 login failed, 4060 cannot open, 18470 disabled, 916 not a user there. */
const NO_LOGIN = ['18456', '4060', '18470', '916'];
/** 229 on an object, 262 and 300 on the database, 15247, 15151, 15135 for principals, 1088 and 2760: cannot find, or may not. */
const NO_RIGHT = ['229', '262', '300', '15247', '15151', '15135', '15217', '1088', '2760'];

interface Walk {
  readonly target: Target;
  readonly database: string;
  readonly principals: Provisioner;
  readonly list: Checklist;
}

const until = () => Temporal.Now.instant().add({ hours: 1 });
const refOf = (grant: DesiredGrant) => ({
  grant: grant.id,
  loginName: grant.loginName,
  privileges: kindOf(grant.role),
  since: null,
});

function enter({ target, database }: Walk, grant: DesiredGrant): Promise<DriverConnection> {
  return target.connect(optionsOf(target, database, grant.loginName, grant.principalPassword));
}
const inside = <T>(walk: Walk, grant: DesiredGrant, work: (connection: DriverConnection) => Promise<T>) =>
  using(walk.target.connect, optionsOf(walk.target, walk.database, grant.loginName, grant.principalPassword), work);

async function reader(walk: Walk): Promise<void> {
  const { principals, list } = walk;
  const grant = grantOf('read');
  const refused = (text: string) => () =>
    refusedWith(NO_RIGHT, () => inside(walk, grant, (connection) => connection.query(text)));
  await list.see('reader: made, and cannot log in before its time', async () => {
    await principals.prepare(grant);
    return refusedWith(NO_LOGIN, () => inside(walk, grant, async () => undefined));
  });
  await list.see('reader: opened, it logs in and reads', async () => {
    await principals.open(grant, until());
    const rows = await inside(walk, grant, (connection) => connection.query('SELECT id FROM dbo.orders ORDER BY id'));
    return rows.length === 2 || rows;
  });
  await list.see('opened again: nothing is changed', async () => {
    const { changed } = await principals.open(grant, until());
    await principals.open(grant, Temporal.Now.instant().add({ hours: 2 }));
    return changed === true || changed;
  });
  await list.see('reader: may not write', refused(`INSERT INTO dbo.orders VALUES (3, N'pot')`));
  await list.see('reader: may not run procedures', refused('EXEC dbo.counted'));
  await list.see('reader: may not make tables', refused('CREATE TABLE dbo.mine (id int)'));
  await list.see('reader: changed by hand, it is put right', async () => {
    await using(walk.target.connect, optionsOf(walk.target, walk.database), (connection) =>
      connection.query(`ALTER ROLE [db_datawriter] ADD MEMBER ${quoteName(grant.loginName)}`),
    );
    const { changed } = await principals.open(grant, until());
    return changed ? refused(`INSERT INTO dbo.orders VALUES (3, N'pot')`)() : 'not changed';
  });
  await closed(walk, grant);
}

function linesOf(...texts: string[]): GrantLine[] {
  return texts.map((text) => {
    const line = parseGrantLine(text, 'sqlserver');
    if (isProblem(line)) throw new Error(line.message);
    return line;
  });
}

/** A role that lists what it gives: by column, by procedure, and taken back where somebody gave more. */
async function listed(walk: Walk): Promise<void> {
  const { principals, list } = walk;
  const lines = linesOf('SELECT (id) ON dbo.orders', 'EXECUTE ON PROCEDURE dbo.counted');
  const grant = desiredGrant.parse({ ...grantOf('read'), role: { name: 'listed', lines } });
  const query = (text: string) => inside(walk, grant, (connection) => connection.query(text));
  const refused = (text: string) => () => refusedWith([...NO_RIGHT, '230'], () => query(text));
  await list.see('listed: opened, it reads the column and runs the procedure', async () => {
    await principals.prepare(grant);
    await principals.open(grant, until());
    await query('EXEC dbo.counted');
    const rows = await query('SELECT id FROM dbo.orders ORDER BY id');
    return rows.length === 2 || rows;
  });
  await list.see('listed: opened again, nothing is changed', async () => {
    await principals.open(grant, until());
    const { changed } = await principals.prepare(grant);
    await principals.open(grant, until());
    return changed || 'not shut';
  });
  await list.see('listed: may not read the rest', refused('SELECT * FROM dbo.orders'));
  await list.see('listed: may not write', refused('DELETE FROM dbo.orders'));
  await list.see('listed: given more by hand, it is put right', async () => {
    await using(walk.target.connect, optionsOf(walk.target, walk.database), (connection) =>
      connection.query(`GRANT SELECT, DELETE ON OBJECT::dbo.orders TO ${quoteName(grant.loginName)} WITH GRANT OPTION`),
    );
    await principals.open(grant, until());
    await query('SELECT id FROM dbo.orders');
    return refused('SELECT * FROM dbo.orders')();
  });
  await list.see('listed: what is missing is told', async () => {
    const answer = await principals.look({ kind: 'lines', lines: linesOf('SELECT (nope) ON dbo.orders') });
    return (answer.kind === 'lines' && answer.notes[0]?.kind === 'missing') || answer;
  });
  await closed(walk, grant);
}

async function editor(walk: Walk): Promise<void> {
  const { principals, list } = walk;
  const grant = grantOf('write');
  await list.see('editor: reads and writes, and may not make tables', async () => {
    await principals.open(grant, until());
    await inside(walk, grant, (connection) => connection.query(`INSERT INTO dbo.orders VALUES (3, N'pot')`));
    return refusedWith(NO_RIGHT, () =>
      inside(walk, grant, (connection) => connection.query('CREATE TABLE dbo.mine (id int)')),
    );
  });
  await list.see('a session in a transaction is ended by the close, and its work undone', async () => {
    const session = await enter(walk, grant);
    await session.query('BEGIN TRANSACTION; DELETE FROM dbo.orders');
    const result = await principals.close(refOf(grant));
    const ended = await session.query('SELECT 1 AS one').then(
      () => false,
      () => true,
    );
    session.close();
    const rows = await using(walk.target.connect, optionsOf(walk.target, walk.database), (connection) =>
      connection.query('SELECT id FROM dbo.orders'),
    );
    return (ended && result.gone && rows.length === 3) || { ended, result, rows: rows.length };
  });
  await list.see('editor: closed, it cannot log in', () =>
    refusedWith(NO_LOGIN, () => inside(walk, grant, async () => undefined)),
  );
}

async function owner(walk: Walk): Promise<void> {
  const { principals, list } = walk;
  const grant = grantOf('own');
  const refused = (text: string) => () =>
    refusedWith(NO_RIGHT, () => inside(walk, grant, (connection) => connection.query(text)));
  await list.see(
    'owner: makes schemas, tables and procedures, gives others permissions, and runs what it made',
    async () => {
      await principals.open(grant, until());
      await inside(walk, grant, async (connection) => {
        for (const text of [
          'CREATE SCHEMA [odd ]] schema]',
          'CREATE TABLE [odd ]] schema].things (id int NOT NULL, note nvarchar(20))',
          'GRANT SELECT ON SCHEMA::[odd ]] schema] TO app',
          'GRANT UPDATE ON OBJECT::[odd ]] schema].things (note) TO app',
          'CREATE TYPE [odd ]] schema].short FROM nvarchar(10)',
          'CREATE PROCEDURE dbo.mine AS SELECT 1 AS one',
          'EXEC dbo.mine',
          'EXEC dbo.counted',
        ]) {
          await connection.query(text);
        }
      });
    },
  );
  await list.see('owner: may not make users', refused('CREATE USER intruder WITHOUT LOGIN'));
  await list.see(
    'owner: may not make DDL triggers',
    refused('CREATE TRIGGER t ON DATABASE FOR DDL_DATABASE_SECURITY_EVENTS AS ROLLBACK'),
  );
  await list.see(
    'owner: may not change its own mark',
    refused(`EXEC sys.sp_updateextendedproperty N'tidegate', N'x', N'USER', ${`N'${grant.loginName}'`}`),
  );
  await list.see('closed: what it made is dbo’s, and what it gave others they keep', async () => {
    const { gone, findings } = await principals.close(refOf(grant));
    if (!gone) return findings;
    const [row] = await using(walk.target.connect, optionsOf(walk.target, walk.database), (connection) =>
      connection.query(`SELECT (SELECT USER_NAME(s.principal_id) FROM sys.schemas s WHERE s.name = N'odd ] schema') AS owner,
        (SELECT COUNT(*) FROM sys.database_permissions x WHERE x.grantee_principal_id = DATABASE_PRINCIPAL_ID(N'app') AND x.class IN (1, 3)) AS given`),
    );
    return (row?.owner === 'dbo' && row.given === 2) || row;
  });
  await stubborn(walk);
}

async function stubborn(walk: Walk): Promise<void> {
  const { principals, list } = walk;
  const grant = grantOf('own');
  await list.see('code that runs as it keeps it: told, shut and without rights; gone once that code is', async () => {
    await principals.open(grant, until());
    await inside(walk, grant, (connection) =>
      connection.query('CREATE PROCEDURE dbo.as_me WITH EXECUTE AS SELF AS SELECT USER_NAME() AS me'),
    );
    const { gone, findings } = await principals.close(refOf(grant));
    if (gone || !findings[0]?.detail.includes('[dbo].[as_me]')) return { gone, findings };
    const shut = await refusedWith(NO_LOGIN, () => inside(walk, grant, async () => undefined));
    await using(walk.target.connect, optionsOf(walk.target, walk.database), (connection) =>
      connection.query('DROP PROCEDURE dbo.as_me'),
    );
    const again = await principals.close(refOf(grant));
    return (shut === true && again.gone) || { shut, again };
  });
}

async function leftovers(walk: Walk): Promise<void> {
  const { principals, list } = walk;
  const grant = grantOf('write');
  await list.see('left behind: found by its mark alone, and removed', async () => {
    await principals.open(grant, until());
    const marks = await principals.leftovers(new Set());
    const [mark] = marks;
    if (marks.length !== 1 || mark?.grant !== grant.id || mark.until === null) return marks;
    const { gone } = await principals.close(mark);
    const left = await principals.leftovers(new Set());
    return (gone && left.length === 0) || { gone, left };
  });
}

async function closed(walk: Walk, grant: DesiredGrant): Promise<void> {
  await walk.list.see(
    `${grant.role.name === 'read' ? 'reader' : grant.role.name}: closed with an open session, it is gone and cannot log in`,
    async () => {
      const session = await enter(walk, grant);
      const result = await walk.principals.close(refOf(grant));
      session.close();
      const again = await walk.principals.close(refOf(grant));
      if (!result.gone || again.changed) return { result, again };
      return refusedWith(NO_LOGIN, () => inside(walk, grant, async () => undefined));
    },
  );
}

/** @returns how many things were not as they must be */
export async function verify(target: Target): Promise<number> {
  const list = new Checklist();
  const facts = await factsOf(target);
  const kinds = facts.azure ? [true] : facts.containable ? [true, false] : [false];
  if (!facts.containable)
    console.log(`--      contained users are not tried: sp_configure 'contained database authentication' is 0`);
  for (const contained of kinds) {
    console.log(`\n${contained ? 'Contained users' : 'Logins and users'}`);
    const database = await makeDatabase(target, facts, contained);
    const resource = resourceOn(target, database);
    const log = { info: () => undefined, warn: () => undefined };
    const password = async () => target.password;
    const administrator = new Connections({ resource, password, connect: target.connect });
    const principals = sqlserverProvisioner({ resource, password, controlNow: Date.now, log }, administrator);
    const walk: Walk = { target, database, principals, list };
    try {
      await list.see('check: all is well', async () => {
        const { ok, detail } = await principals.check();
        console.log(`        ${detail}`);
        return ok || detail;
      });
      for (const part of [reader, listed, editor, owner, leftovers]) await part(walk);
    } finally {
      // Whatever went wrong: no login stays on the server, and no database.
      await list.see('nothing is left behind', async () => {
        for (const mark of await principals.leftovers(new Set())) await principals.close(mark);
        await principals.end();
      });
      await list.see('cleaned up', () => dropDatabase(target, facts, database));
    }
  }
  return list.failed;
}
