/** What a fresh connection is told, and what it tells of its server and database. */
import { z } from 'zod';
import { ProvisionError } from '../../provisioner.ts';
import type { DriverConnection } from './driver.ts';

export interface Server {
  /** Azure SQL Database: no logins of ours, no other database within reach, sessions seen from inside alone. */
  readonly azure: boolean;
  /** Words for an operator: `SQL Server 16.0.1000.6`. */
  readonly name: string;
  /** The administrator, as the server calls it. */
  readonly administrator: string;
  /** TLS version, null: without. */
  readonly tls: string | null;
  /** Users with a password of their own can be made here and log in. */
  readonly contained: boolean;
  /** Partial containment is on, but the server lets no contained user log in. */
  readonly containedLoginsOff: boolean;
  /** Code in this database can reach the whole server with its owner's rights. */
  readonly trustworthy: boolean;
}

const OLDEST_MAJOR = 13;

/**
 * By `SERVERPROPERTY('EngineEdition')`. The others (Synapse, Fabric) have no such users or no such sessions.
 * @see https://learn.microsoft.com/sql/t-sql/functions/serverproperty-transact-sql
 */
const EDITIONS: Readonly<Record<number, string>> = {
  1: 'SQL Server',
  2: 'SQL Server',
  3: 'SQL Server',
  4: 'SQL Server Express',
  5: 'Azure SQL Database',
  8: 'Azure SQL Managed Instance',
  9: 'Azure SQL Edge',
};
const AZURE_DATABASE = 5;

/**
 * Ours, whatever the database says: an error ends the batch and rolls its transaction back, and who waits for a lock on a
 * catalog holds up everybody behind, so we wait briefly.
 */
const SETTINGS =
  'SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET LOCK_TIMEOUT 3000; SET ROWCOUNT 0;';

const facts = z.object({
  edition: z.int(),
  version: z.string(),
  administrator: z.string(),
  updateability: z.string().nullable(),
});
const FACTS = `${SETTINGS}
SELECT CONVERT(int, SERVERPROPERTY(N'EngineEdition')) AS edition, CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductVersion')) AS version,
       ORIGINAL_LOGIN() AS administrator, CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) AS updateability`;

const containment = z.object({ containment: z.int(), trustworthy: z.boolean(), logins: z.int().nullable() });
const CONTAINMENT = `SELECT CONVERT(int, d.containment) AS containment, d.is_trustworthy_on AS trustworthy,
       (SELECT CONVERT(int, c.value_in_use) FROM sys.configurations c WHERE c.name = N'contained database authentication') AS logins
FROM sys.databases d WHERE d.name = DB_NAME()`;

/**
 * An owner can leave code in the database that runs with what we do there (a DDL trigger, by way of EXECUTE AS OWNER).
 * As dbo for good it has nothing of the administrator's rights on the server; and it can't take the disguise off.
 */
const AS_DBO = `EXECUTE AS USER = N'dbo' WITH NO REVERT`;

/** @throws ProvisionError on a replica, an edition or version that is not for us. */
export async function welcome(connection: DriverConnection, asDbo: boolean): Promise<Server> {
  const [first] = await connection.query(FACTS);
  const { edition, version, administrator, updateability } = facts.parse(first);
  const product = EDITIONS[edition];
  const azure = edition === AZURE_DATABASE;
  if (product === undefined) throw unfit(`Its edition (EngineEdition ${edition}) has no database users for Tidegate.`);
  if (!azure && Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw unfit(`${product} ${version} is too old: 2016 (13) or newer is needed.`);
  }
  if (updateability === 'READ_ONLY') {
    throw new ProvisionError(
      'The database is read-only at the moment.',
      'replica',
      'This database is read-only or a secondary replica: give the address of the primary, principals are made there.',
    );
  }
  const found = azure ? null : containment.parse((await connection.query(CONTAINMENT))[0]);
  if (asDbo) await connection.query(AS_DBO);
  const partial = found !== null && found.containment !== 0;
  return {
    azure,
    name: `${product} ${version}`,
    administrator,
    tls: connection.tls,
    contained: azure || (partial && found.logins === 1),
    containedLoginsOff: partial && found.logins !== 1,
    trustworthy: found?.trustworthy ?? false,
  };
}

const unfit = (why: string) => new ProvisionError('The database is of a kind that Tidegate cannot use.', 'unfit', why);
