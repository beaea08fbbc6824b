/** The sessions that `record.ts` records: real clients doing what they do, and raw ones doing what few would. */
import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mysql2 from 'mysql2/promise';
import { client, counted, long, message, type Parameter, string, uint } from '../support/mysql-craft.ts';

export interface Stage {
  readonly socket: string;
  readonly folder: string;
}

const run = promisify(execFile);

async function cli(stage: Stage, script: string, ...options: readonly string[]): Promise<void> {
  const file = join(stage.folder, 'script.sql');
  writeFileSync(file, script);
  const args = [
    '--no-defaults',
    '-uroot',
    `-S${stage.socket}`,
    '--force',
    '-N',
    ...options,
    '-e',
    `source ${file}`,
    'wire',
  ];
  // Statements that fail are part of the play.
  await run('mariadb', args, { cwd: stage.folder }).catch((error: unknown) => error);
}

const BASE = 0x000f_a204; // long flag, protocol 4.1, transactions, secure connection, multi*, plugin auth
const DEPRECATE_EOF = 2 ** 24;
const LOCAL_FILES = 2 ** 7;
const SESSION_TRACK = 2 ** 23;
/** progress, bulk, extended metadata, metadata caching, bulk unit results */
const OWN = { progress: 1, bulk: 4, metadata: 8, cache: 16, units: 32 };

interface Flags {
  readonly capabilities: number;
  readonly own?: number;
}

interface Step {
  readonly send: readonly Uint8Array[];
  /** Packets to wait for. */
  readonly packets: number;
}

/** The scenarios count prepared statements from 1, servers as they like. */
function numbered(command: Uint8Array, ids: readonly number[]): Uint8Array {
  const numbered = Buffer.from(command);
  const id = ids[numbered.length < 9 ? -1 : numbered.readUInt32LE(5) - 1];
  if ([0x17, 0x18, 0x19, 0x1a, 0x1c, 0xfa].includes(numbered[4] ?? 0) && id !== undefined)
    numbered.writeUInt32LE(id, 5);
  return numbered;
}

async function raw(stage: Stage, { capabilities, own = 0 }: Flags, steps: readonly Step[]): Promise<void> {
  const socket = connect(stage.socket);
  let received = Buffer.alloc(0);
  const packet = async (): Promise<Buffer> => {
    while (received.length < 4 || received.length < 4 + received.readUIntLE(0, 3)) {
      const [chunk] = await once(socket, 'data', { signal: AbortSignal.timeout(20_000) });
      received = Buffer.concat([received, chunk]);
    }
    const end = 4 + received.readUIntLE(0, 3);
    const found = received.subarray(4, end);
    received = received.subarray(end);
    return found;
  };
  await packet();
  // MariaDB's own flags are read only where the first shared one is not set.
  const flags = own === 0 ? capabilities | 1 : capabilities & ~1;
  const answer = [uint(flags >>> 0, 4), uint(2 ** 24, 4), 45, Buffer.alloc(19), uint(own, 4)];
  socket.write(message(1, ...answer, 'root', 0, 0, 'wire', 0, 'mysql_native_password', 0));
  const ok = await packet();
  if (ok[0] !== 0) throw new Error(`no login: ${ok.toString('latin1')}`);
  /** What the server calls the first prepared statement, the second … */
  const ids: number[] = [];
  for (const [step, { send, packets }] of steps.entries()) {
    const got: Buffer[] = [];
    socket.write(Buffer.concat(send.map((command) => numbered(command, ids))));
    try {
      for (let i = 0; i < packets; i++) got.push(await packet());
      if (send[0]?.[4] === 0x16 && got[0]?.[0] === 0) ids.push(got[0].readUInt32LE(1));
    } catch (error) {
      throw new Error(`step ${step}: ${got.map((p) => p.toString('latin1')).join('\n')}`, { cause: error });
    }
  }
  socket.end(client.quit());
  await once(socket, 'close');
}

const CONNECT_WITH_DB = 8;
const withDb = (flags: number) => BASE | CONNECT_WITH_DB | flags;
const MINUS_ONE = 0xffffffff;
const blob = (): Parameter => ({ type: 252, value: null });

/** Everything of the command phase, with EOF packets or without: the counts of packets differ. */
function everything(eof: number): Step[] {
  return [
    { send: [client.query('create or replace table t (a int, b text)')], packets: 1 },
    { send: [client.query("insert into t values (1,'x'),(2,'y'),(3,null)")], packets: 1 },
    { send: [client.query('select a, b from t')], packets: 1 + 2 + eof + 3 + 1 },
    {
      send: [client.query('select 1; update t set b = 1 where a < 3; select nope; select 2')],
      packets: 1 + 1 + eof + 1 + 1 + 1 + 1,
    },
    { send: [client.initDb('nowhere')], packets: 1 },
    { send: [client.initDb('wire')], packets: 1 },
    { send: [client.fieldList('t')], packets: 2 + 1 },
    { send: [client.statistics()], packets: 1 },
    { send: [client.ping()], packets: 1 },
    { send: [client.setOption(0)], packets: 1 },
    { send: [client.debug()], packets: 1 },
    { send: [client.prepare('select ? + ?, ?')], packets: 1 + 3 + eof + 2 + eof },
    { send: [client.execute(1, [long(1), long(2), string('x')])], packets: 1 + 2 + eof + 1 + 1 },
    { send: [client.execute(1, [long(3), long(4), string('y')], { types: false })], packets: 1 + 2 + eof + 1 + 1 },
    { send: [client.execute(77, [])], packets: 1 },
    // Values sent ahead: used up by the execution, as the one after shows.
    { send: [client.prepare('select length(?), ?')], packets: 1 + 2 + eof + 2 + eof },
    {
      send: [
        client.longData(2, 0, 'abc'),
        client.longData(2, 0, 'defg'),
        client.execute(
          2,
          [blob(), string('z')].map((p, i) => (i === 0 ? { ...p, value: Buffer.alloc(0) } : p)),
        ),
      ],
      packets: 1 + 2 + eof + 1 + 1,
    },
    { send: [client.execute(2, [string('ten chars!'), string('z')])], packets: 1 + 2 + eof + 1 + 1 },
    { send: [client.longData(2, 0, 'abc'), client.reset(2)], packets: 1 },
    { send: [client.execute(2, [string('four'), string('z')])], packets: 1 + 2 + eof + 1 + 1 },
    // A cursor: no rows at first.
    { send: [client.prepare('select a from t order by a')], packets: 1 + 1 + eof },
    { send: [client.execute(3, [], {}, 1)], packets: 1 + 1 + 1 },
    { send: [client.fetch(3, 2)], packets: 2 + 1 },
    { send: [client.fetch(3, 2)], packets: 1 + 1 },
    { send: [client.fetch(3, 2)], packets: 1 },
    { send: [client.close(3), client.fetch(3, 2)], packets: 1 },
    {
      send: [client.query('create or replace procedure p() begin select a from t; update t set a = a + 1; end')],
      packets: 1,
    },
    { send: [client.query('call p()')], packets: 1 + 1 + eof + 3 + 1 + 1 },
    { send: [client.prepare('call p()')], packets: 1 },
    { send: [client.execute(4)], packets: 1 + 1 + eof + 3 + 1 + 1 },
    { send: [client.query('begin')], packets: 1 },
    { send: [client.query('insert into t values (9,9)')], packets: 1 },
    { send: [client.query('select a.nope from t')], packets: 1 },
    { send: [client.query('rollback')], packets: 1 },
    { send: [client.query('')], packets: 1 },
    { send: [client.prepare('select nonsense from')], packets: 1 },
    { send: [client.prepare('do 1'), client.execute(5)], packets: 1 + 1 },
    { send: [client.resetConnection()], packets: 1 },
    { send: [client.execute(5)], packets: 1 },
  ];
}

export const scenarios: Record<string, (stage: Stage) => unknown> = {
  'cli-statements': (stage) =>
    cli(
      stage,
      `create or replace table t (a int primary key, b text);
insert into t values (1, 'one'), (2, 'two');
select * from t;
update t set b = 'deux' where a = 2;
start transaction;
select nope;
rollback;
delimiter //
create or replace procedure two() begin select 1; select a from t; end//
call two()//
delimiter ;
show warnings;
use wire;
select 1; select 2;
`,
    ),
  'cli-comments': (stage) => cli(stage, 'select /* here */ 1; -- there\nselect 2;\n', '--comments', '--quick'),
  'cli-infile': (stage) => {
    writeFileSync(join(stage.folder, 'rows.txt'), '1\tone\n2\ttwo\n3\tthree\n');
    return cli(
      stage,
      `create or replace table f (a int, b text);
load data local infile 'rows.txt' into table f;
load data local infile 'nowhere.txt' into table f;
load data local infile 'rows.txt' into table nowhere;
select count(*) from f;
`,
      '--local-infile=1',
    );
  },
  mysql2: async (stage) => {
    const connection = await mysql2.createConnection({
      socketPath: stage.socket,
      user: 'root',
      database: 'wire',
      multipleStatements: true,
    });
    await connection.query('select 1 as one');
    await connection.query('select ?, ?', ['text', 5]);
    await connection.query('select 1; select 2; do 3');
    const values = [1, -2.5, 'é', null, true, new Date(0), Buffer.of(0, 255), 9007199254740993n];
    await connection.execute('select ?, ?, ?, ?, ?, ?, ?, ?', values);
    await connection.execute('select ?, ?, ?, ?, ?, ?, ?, ?', values);
    await connection.execute('select nope').catch(() => {});
    await connection.beginTransaction();
    await connection.execute('do ?', [JSON.stringify({ a: 1 })]);
    await connection.commit();
    await connection.ping();
    await connection.end();
  },
  'raw-eof': (stage) => raw(stage, { capabilities: withDb(0) }, everything(1)),
  'raw-no-eof': (stage) => raw(stage, { capabilities: withDb(DEPRECATE_EOF | SESSION_TRACK) }, everything(0)),
  'raw-mariadb': (stage) =>
    raw(
      stage,
      {
        capabilities: withDb(DEPRECATE_EOF),
        own: OWN.progress | OWN.bulk | OWN.metadata | OWN.cache | OWN.units,
      },
      [
        { send: [client.query('create or replace table b (a int, c varchar(20))')], packets: 1 },
        // Prepared and executed at once, by "the last one".
        {
          send: [client.prepare('insert into b values (?, ?)'), client.execute(MINUS_ONE, [long(1), string('x')])],
          packets: 1 + 2 + 1,
        },
        {
          send: [
            client.bulk(
              1,
              [3, 253],
              [
                [uint(2, 4), counted('y')],
                [uint(3, 4), 1],
                [1, counted('zz')],
              ],
            ),
          ],
          packets: 1,
        },
        { send: [client.bulk(1, [3, 253], [[uint(4, 4), counted('w')]], false)], packets: 1 },
        { send: [client.prepare('select a, c from b where a > ?')], packets: 1 + 1 + 2 },
        // Definitions came with the preparation.
        { send: [client.execute(2, [long(0)])], packets: 1 + 4 + 1 },
        { send: [client.execute(2, [long(1)], { types: false })], packets: 1 + 3 + 1 },
        { send: [client.query('select 1')], packets: 1 + 1 + 1 + 1 },
        { send: [client.prepare('nonsense'), client.execute(MINUS_ONE)], packets: 2 },
        { send: [client.prepare('do 1'), client.execute(MINUS_ONE), client.close(MINUS_ONE)], packets: 2 },
        { send: [client.execute(MINUS_ONE)], packets: 1 },
      ],
    ),
  'raw-cached-eof': (stage) =>
    raw(stage, { capabilities: withDb(0), own: OWN.cache }, [
      { send: [client.prepare('select 1')], packets: 1 + 1 + 1 },
      { send: [client.execute(1)], packets: 1 + 1 + 1 + 1 },
      { send: [client.execute(1)], packets: 1 + 1 + 1 + 1 },
    ]),
  'raw-infile': (stage) =>
    raw(stage, { capabilities: withDb(LOCAL_FILES) }, [
      { send: [client.query('create or replace table f (a int)')], packets: 1 },
      { send: [client.query("load data local infile 'any' into table f")], packets: 1 },
      { send: [message(2, '1\n2\n'), message(3, '3\n'), message(4)], packets: 1 },
      { send: [client.query("load data local infile 'any' into table f; select 1")], packets: 1 },
      { send: [message(2)], packets: 1 + 1 + 1 + 1 + 1 + 1 },
    ]),
};
