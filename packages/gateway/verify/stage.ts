/** What the verification of a real SQL Server stands on: where it is, a database of its own, and a plain checklist. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type DesiredGrant, type DesiredResource, desiredGrant, desiredResource } from '@tidegate/contract';
import {
  type Connect,
  type DriverConnection,
  DriverError,
  type DriverOptions,
  type Encryption,
} from '../src/engines/sqlserver/principal/driver.ts';
import { quoteName } from '../src/engines/sqlserver/principal/quote.ts';
import { connectTedious } from '../src/engines/sqlserver/principal/tedious.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly mode: 'verify-full' | 'verify-ca' | 'disable';
  readonly encryption: Encryption;
  readonly ca: string | null;
  readonly serverName: string | null;
  readonly connect: Connect;
}

export const USAGE = `Holds Tidegate's SQL Server provisioning against a real server. Set:
  TIDEGATE_VERIFY_SQLSERVER=HOST,PORT,USER       the administrator that Tidegate would have
  TIDEGATE_VERIFY_SQLSERVER_PASSWORD=…           its password
  TIDEGATE_VERIFY_SQLSERVER_TLS=verify-full      or verify-ca, strict, disable
  TIDEGATE_VERIFY_SQLSERVER_CA=/path/ca.pem      where the certificate's authority is your own
  TIDEGATE_VERIFY_SQLSERVER_NAME=…               where the certificate is for another name
It makes a database tidegate_verify_… and drops it at the end. Azure charges for it by the hour (Basic).`;

/** null: not set. Throws in words where it is set wrongly. */
export function targetFrom(env: NodeJS.ProcessEnv): Target | null {
  const { TIDEGATE_VERIFY_SQLSERVER: where, TIDEGATE_VERIFY_SQLSERVER_PASSWORD: password } = env;
  if (where === undefined || where === '') return null;
  const [host = '', port = '', ...user] = where.split(',');
  if (host === '' || !/^\d+$/.test(port) || user.join(',') === '') {
    throw new Error('TIDEGATE_VERIFY_SQLSERVER must be HOST,PORT,USER');
  }
  if (password === undefined || password === '') throw new Error('TIDEGATE_VERIFY_SQLSERVER_PASSWORD is not set');
  const tls = env.TIDEGATE_VERIFY_SQLSERVER_TLS ?? 'verify-full';
  const mode = tls === 'strict' ? 'verify-full' : tls;
  if (mode !== 'verify-full' && mode !== 'verify-ca' && mode !== 'disable') {
    throw new Error('TIDEGATE_VERIFY_SQLSERVER_TLS must be verify-full, verify-ca, strict or disable');
  }
  return {
    host,
    port: Number(port),
    user: user.join(','),
    password,
    mode,
    encryption: tls === 'strict' ? 'strict' : mode === 'disable' ? 'none' : 'required',
    ca: env.TIDEGATE_VERIFY_SQLSERVER_CA ? readFileSync(env.TIDEGATE_VERIFY_SQLSERVER_CA, 'utf8') : null,
    serverName: env.TIDEGATE_VERIFY_SQLSERVER_NAME ?? null,
    connect: connectTedious,
  };
}

/** Making a database in Azure takes a minute or two. */
const SLOW_MS = 300_000;

export function optionsOf(
  target: Target,
  database: string,
  user = target.user,
  password = target.password,
): DriverOptions {
  const { host, port, mode, encryption, ca, serverName } = target;
  return {
    host,
    port,
    database,
    encryption,
    ca,
    serverName,
    credential: {
      kind: 'password',
      user,
      password,
    },
    verifyName: mode !== 'verify-ca',
    connectWithinMs: 30_000,
    answerWithinMs: SLOW_MS,
  };
}

export async function using<T>(
  connect: Connect,
  options: DriverOptions,
  work: (connection: DriverConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

export interface Facts {
  readonly azure: boolean;
  readonly containable: boolean;
}

export async function factsOf(target: Target): Promise<Facts> {
  return using(target.connect, optionsOf(target, 'master'), async (connection) => {
    const [row] = await connection.query(`SELECT CONVERT(int, SERVERPROPERTY(N'EngineEdition')) AS edition`);
    if (row?.edition === 5) return { azure: true, containable: true };
    const [on] = await connection.query(
      `SELECT CONVERT(int, c.value_in_use) AS v FROM sys.configurations c WHERE c.name = N'contained database authentication'`,
    );
    return { azure: false, containable: on?.v === 1 };
  });
}

/** A database of our own with something in it; the name holds what must be quoted. */
export async function makeDatabase(target: Target, { azure }: Facts, contained: boolean): Promise<string> {
  const name = `tidegate_verify_${randomBytes(4).toString('hex')} [x]`;
  const how = azure ? ` (EDITION = 'Basic', SERVICE_OBJECTIVE = 'Basic')` : contained ? ' CONTAINMENT = PARTIAL' : '';
  await using(target.connect, optionsOf(target, 'master'), (connection) =>
    connection.query(`CREATE DATABASE ${quoteName(name)}${how}`),
  );
  await using(target.connect, optionsOf(target, name), async (connection) => {
    await connection.query('CREATE TABLE dbo.orders (id int NOT NULL PRIMARY KEY, item nvarchar(50) NOT NULL)');
    await connection.query(`INSERT INTO dbo.orders VALUES (1, N'kettle'), (2, N'cup')`);
    await connection.query('CREATE PROCEDURE dbo.counted AS SELECT COUNT(*) AS n FROM dbo.orders');
    await connection.query('CREATE ROLE app');
  });
  return name;
}

export async function dropDatabase(target: Target, { azure }: Facts, name: string): Promise<void> {
  await using(target.connect, optionsOf(target, 'master'), async (connection) => {
    if (!azure) await connection.query(`ALTER DATABASE ${quoteName(name)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`);
    await connection.query(`DROP DATABASE ${quoteName(name)}`);
  });
}

export function resourceOn(target: Target, database: string): DesiredResource {
  const { host, port, user, password, mode, ca, serverName } = target;
  return desiredResource.parse({
    name: 'verify',
    engine: 'sqlserver',
    address: { host, port },
    tls: { mode, ca, serverName },
    databases: [database],
    credential: { user, source: { kind: 'secret', password } },
    ownerRole: null,
    record: { values: 'full' },
    maxSessionsPerGrant: 10,
    allow: { localInfile: false },
    entra: [],
    reconcile: true,
  });
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export function grantOf(privileges: 'read' | 'write' | 'own'): DesiredGrant {
  const id = `g${[...randomBytes(7)].map((byte) => ALPHABET[byte & 31]).join('')}`;
  return desiredGrant.parse({
    id,
    resource: 'verify',
    person: 'verify',
    loginName: `verify.${id}`,
    phase: 'prepare',
    duration: 'PT1H',
    role: {
      name: privileges,
      privileges,
    },
    startsAt: new Date().toISOString(),
    expiresAt: null,
    closing: null,
    principalPassword: `Tg1.${randomBytes(16).toString('hex')}`,
    scram: {
      salt: 'AAAA',
      iterations: 4096,
    },
    tickets: [],
    entra: null,
  });
}

/** The checklist: one line for each thing that was seen, or was not. */
export class Checklist {
  failed = 0;

  async see(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      const problem = await work();
      if (problem !== undefined && problem !== true) throw new Error(`was ${JSON.stringify(problem)}`);
      console.log(`ok      ${what}`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED  ${what}\n        ${words(error)}`);
    }
  }
}

export function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? ` [${error.code}]` : '';
  const detail = 'detail' in error && typeof error.detail === 'string' && error.detail !== '' ? ` ${error.detail}` : '';
  return `${error.message}${code}${detail}`;
}

/** true where it was refused with one of these numbers; else what happened instead. */
export async function refusedWith(codes: readonly string[], work: () => Promise<unknown>): Promise<true | string> {
  try {
    await work();
    return 'not refused';
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return codes.includes(error.code) ? true : `${error.code}: ${error.message}`;
  }
}
