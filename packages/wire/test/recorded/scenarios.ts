/** The sessions that `record.ts` records: real clients doing what they do, and raw ones doing what few would. */
import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import postgres from 'postgres';
import { client, int32 } from '../support/craft.ts';

export interface Stage {
  readonly bin: string;
  readonly host: string;
  raw(): Promise<Socket>;
}

const INT4 = 23;
const TEXT = 25;

/** Sends each batch, waiting for as many ReadyForQuery (or other message types) as it names before the next. */
async function play(stage: Stage, batches: readonly { send: readonly Uint8Array[]; until: string }[]): Promise<void> {
  const socket = await stage.raw();
  let received = Buffer.alloc(0);
  const wait = async (types: string) => {
    for (const type of types) {
      for (;;) {
        const length = received.length < 5 ? Number.POSITIVE_INFINITY : 1 + received.readUInt32BE(1);
        if (received.length < length) {
          const [chunk] = await once(socket, 'data');
          received = Buffer.concat([received, chunk]);
          continue;
        }
        const found = received.toString('latin1', 0, 1);
        received = received.subarray(length);
        if (found === type) break;
      }
    }
  };
  await wait('Z');
  for (const { send, until } of batches) {
    socket.write(Buffer.concat(send));
    await wait(until);
  }
  socket.end(client.terminate());
  await once(socket, 'close');
}

const run = promisify(execFile);

async function psql(stage: Stage, script: string): Promise<void> {
  const file = join(stage.host, 'script.sql');
  writeFileSync(file, script);
  await run(join(stage.bin, 'psql'), ['-X', '-q', '-h', stage.host, '-U', 'wire', '-f', file, 'postgres']);
}

async function pgbench(stage: Stage, mode: string, script?: string): Promise<void> {
  const bench = (...args: string[]) =>
    run(join(stage.bin, 'pgbench'), ['-h', stage.host, '-U', 'wire', ...args, 'postgres']);
  await bench('-i', '-q');
  const file = join(stage.host, 'script.bench');
  if (script !== undefined) writeFileSync(file, script);
  await bench('-n', '-M', mode, '-t', '3', ...(script === undefined ? ['-S'] : ['-f', file]));
}

export const scenarios: Record<string, (stage: Stage) => unknown> = {
  'psql-statements': (stage) =>
    psql(
      stage,
      `create table t (a int primary key, b text);
       insert into t values (1, 'one'), (2, 'two');
       select * from t;
       select 1 \\; update t set b = 'deux' where a = 2 \\; select 2;
       select 1 \\; select 1/0 \\; select 3;
       begin; select 1; savepoint s; select nope; rollback to s; commit;
       do $$ begin raise notice 'hello'; end $$;
       listen c; notify c, 'payload';
       set application_name to 'renamed';
       explain select * from t;
       show server_version_num;
       ;`,
    ),
  'psql-copy': (stage) =>
    psql(
      stage,
      `create table copied (a int, b text);
       \\copy copied from program 'seq 1 5 | sed "s/$/\\tx/"'
       \\copy copied to '/dev/null'
       copy copied from stdin;
1	a
bad	b
\\.
       copy (select a from copied) to stdout;`,
    ),
  'pgbench-simple': (stage) => pgbench(stage, 'simple'),
  'pgbench-extended': (stage) => pgbench(stage, 'extended'),
  'pgbench-prepared': (stage) => pgbench(stage, 'prepared'),
  'pgbench-pipeline': (stage) =>
    pgbench(
      stage,
      'prepared',
      `\\set a random(1, 100)
\\startpipeline
begin;
select abalance from pgbench_accounts where aid = :a;
update pgbench_accounts set abalance = abalance + 1 where aid = :a;
end;
\\endpipeline`,
    ),
  'node-postgres': async (stage) => {
    const session = new pg.Client({ host: stage.host, user: 'wire', database: 'postgres', port: 5432 });
    await session.connect();
    await session.query('select 1 as one');
    await session.query('select $1::int + $2::int as sum, $3::text as word', [1, 2, 'sea']);
    for (const n of [1, 2]) await session.query({ name: 'twice', text: 'select $1::int * 2', values: [n] });
    await session.query('select $1::bytea, $2::jsonb, $3::text', [Buffer.of(0, 1, 255), { a: [1] }, null]);
    await session.query('select 1/$1::int', [0]).catch(() => {});
    await session.query('');
    await session.end();
  },
  'postgres-js': async (stage) => {
    const sql = postgres({
      path: join(stage.host, '.s.PGSQL.5432'),
      user: 'wire',
      database: 'postgres',
      max: 1,
      fetch_types: false,
    });
    await Promise.all([sql`select ${1}::int as a`, sql`select ${'x'}::text as b`, sql`select 3 as c`]);
    await sql`select generate_series(1, 7) as n`.cursor(3, () => {});
    await sql.begin(async (within) => {
      await within`create temp table held (a int)`;
      await within`insert into held values (${5})`;
    });
    await sql`select 1 / ${0}::int`.catch(() => {});
    await sql`select * from nowhere where a = ${1}`.catch(() => {});
    await sql.unsafe('select 1; select 2');
    await sql.end();
  },
  'raw-pipeline-errors': (stage) =>
    play(stage, [
      {
        send: [
          client.parse('a', 'select $1::int'),
          client.bind('', 'a', ['1']),
          client.execute(),
          client.parse('b', 'select syntax error from'),
          client.bind('', 'b', []),
          client.execute(),
          client.query('select 1'),
          client.sync(),
          client.bind('', 'a', ['2']),
          client.describePortal(),
          client.execute(),
          client.sync(),
          client.bind('', 'b', []),
          client.execute(),
          client.sync(),
        ],
        until: 'ZZZ',
      },
      // The name is taken, so the new text is refused and the old one runs: in the same section it is skipped.
      {
        send: [
          client.parse('a', 'select 99'),
          client.bind('', 'a', []),
          client.execute(),
          client.sync(),
          client.bind('', 'a', ['3']),
          client.execute(),
          client.sync(),
        ],
        until: 'ZZ',
      },
      { send: [client.bind('', 'a', ['1', '2']), client.execute(), client.sync()], until: 'Z' },
      { send: [client.bind('', 'a', ['x']), client.execute(), client.sync()], until: 'Z' },
    ]),
  'raw-late-sync': (stage) =>
    play(stage, [
      { send: [client.parse('', 'nonsense'), client.flush()], until: 'E' },
      { send: [client.bind('', '', []), client.execute()], until: '' },
      { send: [client.query('select 1')], until: '' },
      { send: [client.sync(), client.query('select 2')], until: 'ZZ' },
    ]),
  'raw-portals': (stage) =>
    play(stage, [
      {
        send: [
          client.parse('s', 'select generate_series(1, $1)', [INT4]),
          client.describeStatement('s'),
          client.bind('p', 's', [int32(5)], [1]),
          client.bind('q', 's', ['3']),
          client.execute('p', 2),
          client.execute('q'),
          client.flush(),
        ],
        until: 'sC',
      },
      { send: [client.execute('p', 2), client.execute('p'), client.closePortal('p'), client.sync()], until: 'Z' },
      { send: [client.execute('q'), client.sync()], until: 'Z' },
      {
        send: [
          client.query('begin; declare c cursor for select 1; prepare sqlname as select $1::text'),
          client.execute('c'),
          client.bind('', 'sqlname', ['v']),
          client.execute(),
          client.sync(),
          client.query('commit'),
        ],
        until: 'ZZZ',
      },
      { send: [client.closeStatement('s'), client.bind('', 's', ['1']), client.execute(), client.sync()], until: 'Z' },
      { send: [client.parse('', ''), client.bind('', ''), client.execute(), client.sync()], until: 'Z' },
      {
        send: [client.parse('kept', 'select 1'), client.sync(), client.query('discard all'), client.query('select 5')],
        until: 'ZZZ',
      },
      { send: [client.bind('', 'kept'), client.execute(), client.sync()], until: 'Z' },
      {
        send: [
          client.parse(`${'n'.repeat(70)}1`, 'select 1'),
          client.bind('', `${'n'.repeat(70)}2`),
          client.execute(),
          client.sync(),
        ],
        until: 'Z',
      },
    ]),
  'raw-copy': (stage) =>
    play(stage, [
      { send: [client.query('create table c (a int)')], until: 'Z' },
      // Everything at once, with a Sync that the server ignores because it is taking data.
      {
        send: [
          client.parse('', 'copy c from stdin'),
          client.bind('', ''),
          client.execute(),
          client.sync(),
          client.copyData('1\n2\n'),
          client.copyData('3\n'),
          client.copyDone(),
          client.sync(),
          client.query('select count(*) from c'),
        ],
        until: 'ZZ',
      },
      // The same, failing: only one of the two Syncs is answered.
      {
        send: [
          client.parse('', 'copy c from stdin'),
          client.bind('', ''),
          client.execute(),
          client.sync(),
          client.copyData('4\nbad\n'),
          client.copyDone(),
          client.sync(),
        ],
        until: 'Z',
      },
      { send: [client.parse('', 'select 1'), client.bind('', ''), client.execute(), client.sync()], until: 'Z' },
      {
        send: [client.parse('', 'copy c from stdin'), client.bind('', ''), client.execute(), client.sync()],
        until: 'G',
      },
      { send: [client.copyData('5\n'), client.copyFail('never mind'), client.sync()], until: 'Z' },
      { send: [client.query('select 2')], until: 'Z' },
      { send: [client.query('copy c from stdin; select 3; copy c from stdin')], until: 'G' },
      { send: [client.copyData('6\n'), client.copyDone()], until: 'G' },
      { send: [client.copyData('7\n8\n'), client.copyDone()], until: 'Z' },
      {
        send: [client.parse('', 'copy c to stdout'), client.bind('', ''), client.execute(), client.sync()],
        until: 'Z',
      },
      // A COPY that fails before it reads anything: both Syncs are answered.
      {
        send: [
          client.query(
            `create function no() returns trigger language plpgsql as 'begin raise ''no''; end';
             create trigger no before insert on c for each statement execute function no()`,
          ),
        ],
        until: 'Z',
      },
      {
        send: [
          client.parse('', 'copy c from stdin'),
          client.bind('', ''),
          client.execute(),
          client.sync(),
          client.copyData('1\n'),
          client.copyDone(),
          client.sync(),
          client.query('select 4'),
        ],
        until: 'ZZZ',
      },
    ]),
  'raw-others': (stage) =>
    play(stage, [
      { send: [client.functionCall(1299, [])], until: 'Z' },
      { send: [client.functionCall(1, ['x'])], until: 'Z' },
      {
        send: [
          client.query('create table d (a int unique deferrable initially deferred); insert into d values (1)'),
          client.parse('', 'insert into d values ($1)', [INT4]),
          client.bind('', '', ['1']),
          client.execute(),
          client.sync(),
        ],
        until: 'ZZ',
      },
      { send: [client.query('select 1'), client.query('select 2'), client.query('bad')], until: 'ZZZ' },
      {
        send: [client.parse('typed', 'select $1, $2', [TEXT, 0]), client.describeStatement('typed'), client.sync()],
        until: 'Z',
      },
      { send: [client.query('set client_encoding to latin1'), client.query("select 'caf\u00e9'")], until: 'ZZ' },
    ]),
};
