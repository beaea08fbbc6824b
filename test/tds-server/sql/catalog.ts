/** The system views that clients and provisioning look at. Temporary, so that each session sees its own server in them. */
import type { DatabaseSync } from 'node:sqlite';

const HIDDEN = `name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'sys.%'`;

/** Tables outside of dbo are named `schema.table` beneath. */
const OBJECTS = `
  SELECT CASE WHEN instr(name, '.') > 0 THEN substr(name, instr(name, '.') + 1) ELSE name END AS name,
    rowid + 100000 AS object_id, NULL AS principal_id,
    coalesce((SELECT id FROM "sys.user_schemas" s WHERE s.name = substr(o.name, 1, instr(o.name, '.') - 1)), 1) AS schema_id,
    0 AS parent_object_id,
    CASE type WHEN 'table' THEN 'U ' WHEN 'view' THEN 'V ' ELSE 'UQ' END AS type,
    CASE type WHEN 'table' THEN 'USER_TABLE' WHEN 'view' THEN 'VIEW' ELSE 'UNIQUE_CONSTRAINT' END AS type_desc,
    datetime('now') AS create_date, 0 AS is_ms_shipped
  FROM main.sqlite_schema o WHERE ${HIDDEN}
  UNION ALL
  SELECT name, rowid + 900000, owner_id, 1, 0, 'P ', 'SQL_STORED_PROCEDURE', datetime('now'), 0 FROM "sys.modules"`;

/** Permissions keep names: what is dropped and made anew is another object only in a real server. */
const ID_OF_MAJOR = `coalesce(
  (SELECT o.rowid + 100000 FROM main.sqlite_schema o WHERE o.name = x.major COLLATE NOCASE AND o.type IN ('table', 'view')),
  (SELECT m.rowid + 900000 FROM main."sys.modules" m WHERE m.name = x.major))`;

const VIEWS: Readonly<Record<string, string>> = {
  'sys.databases': `
    SELECT value->>'name' AS name, value->>'id' AS database_id, 0 AS state, 'ONLINE' AS state_desc, 1 AS containment,
      'PARTIAL' AS containment_desc, 160 AS compatibility_level, 'SQL_Latin1_General_CP1_CI_AS' AS collation_name,
      0 AS is_read_only, 0 AS user_access, 0 AS is_trustworthy_on, x'01' AS owner_sid
    FROM json_each(tds_databases())`,
  'sys.configurations': `
    SELECT 16393 AS configuration_id, 'contained database authentication' AS name, 1 AS value, 1 AS value_in_use`,
  'sys.database_principals': `
    SELECT name, id AS principal_id, type,
      CASE type WHEN 'S' THEN 'SQL_USER' WHEN 'R' THEN 'DATABASE_ROLE' WHEN 'E' THEN 'EXTERNAL_USER' ELSE 'EXTERNAL_GROUP' END AS type_desc,
      default_schema AS default_schema_name, created AS create_date, created AS modify_date, owner_id AS owning_principal_id, sid,
      is_fixed_role, CASE WHEN hash IS NOT NULL THEN 2 WHEN login IS NOT NULL THEN 1 WHEN type = 'E' THEN 4 ELSE 0 END AS authentication_type,
      CASE WHEN hash IS NOT NULL THEN 'DATABASE' WHEN login IS NOT NULL THEN 'INSTANCE' WHEN type = 'E' THEN 'EXTERNAL' ELSE 'NONE' END
        AS authentication_type_desc
    FROM main."sys.principals"`,
  'sys.database_role_members': `
    SELECT role_id AS role_principal_id, member_id AS member_principal_id FROM main."sys.members"`,
  'sys.database_permissions': `
    SELECT class, CASE class WHEN 0 THEN 'DATABASE' WHEN 3 THEN 'SCHEMA' ELSE 'OBJECT_OR_COLUMN' END AS class_desc,
      CASE class WHEN 1 THEN ${ID_OF_MAJOR} WHEN 3 THEN schema_id(major) ELSE 0 END AS major_id,
      coalesce((SELECT c.cid + 1 FROM pragma_table_info(x.major) c WHERE c.name = x.minor COLLATE NOCASE), 0) AS minor_id,
      grantee_id AS grantee_principal_id, grantor_id AS grantor_principal_id, permission AS permission_name,
      substr(state, 1, 1) AS state, state AS state_desc
    FROM main."sys.permissions" x`,
  'sys.schemas': `SELECT name, id AS schema_id, owner_id AS principal_id FROM main."sys.user_schemas"`,
  'sys.objects': OBJECTS,
  'sys.columns': `
    SELECT o.rowid + 100000 AS object_id, c.name AS name, c.cid + 1 AS column_id
    FROM main.sqlite_schema o JOIN pragma_table_info(o.name) c WHERE o.type IN ('table', 'view')`,
  'sys.tables': `SELECT * FROM (${OBJECTS}) WHERE type = 'U '`,
  'sys.views': `SELECT * FROM (${OBJECTS}) WHERE type = 'V '`,
  'sys.procedures': `SELECT * FROM (${OBJECTS}) WHERE type = 'P '`,
  'sys.sql_modules': `SELECT rowid + 900000 AS object_id, definition, NULL AS execute_as_principal_id FROM main."sys.modules"`,
  'sys.extended_properties': `
    SELECT class, CASE class WHEN 0 THEN 'DATABASE' WHEN 4 THEN 'DATABASE_PRINCIPAL' ELSE 'OBJECT_OR_COLUMN' END AS class_desc,
      major_id, 0 AS minor_id, name, value FROM main."sys.properties"`,
  'sys.server_principals': `
    SELECT value->>'name' AS name, value->>'id' AS principal_id, 'S' AS type, 'SQL_LOGIN' AS type_desc, 0 AS is_disabled
    FROM json_each(tds_logins())`,
  'sys.sql_logins': `
    SELECT value->>'name' AS name, value->>'id' AS principal_id, unhex(value->>'sid') AS sid, 0 AS is_disabled,
      '2026-01-01 00:00:00' AS modify_date
    FROM json_each(tds_logins())`,
  'sys.dm_exec_sessions': `
    SELECT value->>'spid' AS session_id, value->>'since' AS login_time, value->>'host' AS host_name,
      value->>'program' AS program_name, value->>'login' AS login_name, value->>'login' AS original_login_name,
      value->>'status' AS status, value->>'database' AS database_id, value->>'database' AS authenticating_database_id,
      NULL AS security_id, NULL AS original_security_id, 1 AS is_user_process, value->>'transactions' AS open_transaction_count
    FROM json_each(tds_sessions())`,
  'sys.dm_exec_connections': `
    SELECT value->>'spid' AS session_id, value->>'address' AS client_net_address, 'TRUE' AS encrypt_option, 'TCP' AS net_transport
    FROM json_each(tds_sessions())`,
  'sys.dm_exec_requests': `
    SELECT value->>'spid' AS session_id, value->>'status' AS status, value->>'database' AS database_id, 0 AS blocking_session_id
    FROM json_each(tds_sessions()) WHERE value->>'status' = 'running'`,
  'sys.sysprocesses': `
    SELECT value->>'spid' AS spid, value->>'login' AS loginame, value->>'host' AS hostname, value->>'database' AS dbid
    FROM json_each(tds_sessions())`,
  'information_schema.tables': `
    SELECT db_name() AS TABLE_CATALOG, CASE WHEN instr(name, '.') > 0 THEN substr(name, 1, instr(name, '.') - 1) ELSE 'dbo' END AS TABLE_SCHEMA,
      CASE WHEN instr(name, '.') > 0 THEN substr(name, instr(name, '.') + 1) ELSE name END AS TABLE_NAME,
      CASE type WHEN 'table' THEN 'BASE TABLE' ELSE 'VIEW' END AS TABLE_TYPE
    FROM main.sqlite_schema WHERE type IN ('table', 'view') AND ${HIDDEN}`,
  'information_schema.columns': `
    SELECT db_name() AS TABLE_CATALOG, CASE WHEN instr(o.name, '.') > 0 THEN substr(o.name, 1, instr(o.name, '.') - 1) ELSE 'dbo' END AS TABLE_SCHEMA,
      CASE WHEN instr(o.name, '.') > 0 THEN substr(o.name, instr(o.name, '.') + 1) ELSE o.name END AS TABLE_NAME,
      c.name AS COLUMN_NAME, c.cid + 1 AS ORDINAL_POSITION, lower(c.type) AS DATA_TYPE
    FROM main.sqlite_schema o JOIN pragma_table_info(o.name) c WHERE o.type IN ('table', 'view') AND ${HIDDEN.replaceAll('name', 'o.name')}`,
};

/** There never is anything in them. */
const EMPTY_VIEWS = [
  'assemblies',
  'asymmetric_keys',
  'certificates',
  'fulltext_catalogs',
  'fulltext_stoplists',
  'registered_search_property_lists',
  'remote_service_bindings',
  'routes',
  'service_contracts',
  'service_message_types',
  'services',
  'symmetric_keys',
  'triggers',
  'types',
  'xml_schema_collections',
];
const NOTHING = `SELECT NULL AS name, NULL AS principal_id, NULL AS schema_id, NULL AS user_type_id, NULL AS parent_class,
  NULL AS is_disabled WHERE 0`;

export function createCatalog(connection: DatabaseSync): void {
  for (const name of EMPTY_VIEWS) connection.exec(`CREATE TEMP VIEW "sys.${name}" AS ${NOTHING}`);
  for (const [name, query] of Object.entries(VIEWS)) connection.exec(`CREATE TEMP VIEW "${name}" AS ${query}`);
}
