-- orders, as self
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET LOCK_TIMEOUT 3000; SET ROWCOUNT 0;
SELECT CONVERT(int, SERVERPROPERTY(N'EngineEdition')) AS edition, CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductVersion')) AS version,
       ORIGINAL_LOGIN() AS administrator, CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) AS updateability;

-- orders, as self
SELECT CONVERT(int, d.containment) AS containment, d.is_trustworthy_on AS trustworthy,
       (SELECT CONVERT(int, c.value_in_use) FROM sys.configurations c WHERE c.name = N'contained database authentication') AS logins
FROM sys.databases d WHERE d.name = DB_NAME();

-- orders, as self
EXECUTE AS USER = N'dbo' WITH NO REVERT;

-- orders, as dbo
SELECT p.sid AS sid, CONVERT(int, p.authentication_type) AS authentication, CONVERT(nvarchar(33), p.modify_date, 126) AS modified,
       (SELECT CONVERT(nvarchar(3700), e.value) FROM sys.extended_properties e
        WHERE e.class = 4 AND e.major_id = p.principal_id AND e.minor_id = 0 AND e.name = N'tidegate') AS mark
FROM sys.database_principals p WHERE p.name = @name;

-- master, as self
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET LOCK_TIMEOUT 3000; SET ROWCOUNT 0;
SELECT CONVERT(int, SERVERPROPERTY(N'EngineEdition')) AS edition, CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductVersion')) AS version,
       ORIGINAL_LOGIN() AS administrator, CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) AS updateability;

-- master, as self
SELECT CONVERT(int, d.containment) AS containment, d.is_trustworthy_on AS trustworthy,
       (SELECT CONVERT(int, c.value_in_use) FROM sys.configurations c WHERE c.name = N'contained database authentication') AS logins
FROM sys.databases d WHERE d.name = DB_NAME();

-- master, as self
SELECT l.sid AS sid, l.is_disabled AS disabled, CONVERT(nvarchar(33), l.modify_date, 126) AS modified
FROM sys.sql_logins l WHERE l.name = @name;

-- master, as self
CREATE LOGIN [alice.g7k2m0ab] WITH PASSWORD = N'Tg1.o''clock', SID = 0x544944454741544599C6EF3CED728D1E, DEFAULT_DATABASE = [orders], CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF;

-- master, as self
ALTER LOGIN [alice.g7k2m0ab] DISABLE;

-- master, as self
SELECT l.sid AS sid, l.is_disabled AS disabled, CONVERT(nvarchar(33), l.modify_date, 126) AS modified
FROM sys.sql_logins l WHERE l.name = @name;

-- orders, as dbo
BEGIN TRANSACTION;
CREATE USER [alice.g7k2m0ab] FOR LOGIN [alice.g7k2m0ab] WITH DEFAULT_SCHEMA = [dbo];
DENY CONNECT TO [alice.g7k2m0ab];
EXEC sys.sp_addextendedproperty @name = N'tidegate', @value = N'{"tidegate":1,"grant":"g7k2m0ab","person":"alice","resource":"sales","privileges":"write","since":null,"until":null}', @level0type = N'USER', @level0name = N'alice.g7k2m0ab';
ALTER ROLE [db_datareader] ADD MEMBER [alice.g7k2m0ab];
ALTER ROLE [db_datawriter] ADD MEMBER [alice.g7k2m0ab];
COMMIT TRANSACTION;

-- orders, as dbo
SELECT p.sid AS sid, CONVERT(int, p.authentication_type) AS authentication, CONVERT(nvarchar(33), p.modify_date, 126) AS modified,
       (SELECT CONVERT(nvarchar(3700), e.value) FROM sys.extended_properties e
        WHERE e.class = 4 AND e.major_id = p.principal_id AND e.minor_id = 0 AND e.name = N'tidegate') AS mark
FROM sys.database_principals p WHERE p.name = @name;

-- orders, as dbo
SELECT CONVERT(nvarchar(10), N'role') AS what, CONVERT(nvarchar(128), r.name) COLLATE DATABASE_DEFAULT AS name, CONVERT(nvarchar(1), NULL) AS state
FROM sys.database_role_members m JOIN sys.database_principals r ON r.principal_id = m.role_principal_id
JOIN sys.database_principals p ON p.principal_id = m.member_principal_id WHERE p.name = @name
UNION ALL
SELECT CONVERT(nvarchar(10), N'permission'), CONVERT(nvarchar(128), x.permission_name) COLLATE DATABASE_DEFAULT, CONVERT(nvarchar(1), x.state)
FROM sys.database_permissions x JOIN sys.database_principals p ON p.principal_id = x.grantee_principal_id
WHERE x.class = 0 AND p.name = @name;

-- master, as self
SELECT l.sid AS sid, l.is_disabled AS disabled, CONVERT(nvarchar(33), l.modify_date, 126) AS modified
FROM sys.sql_logins l WHERE l.name = @name;

-- orders, as dbo
BEGIN TRANSACTION;
EXEC sys.sp_updateextendedproperty @name = N'tidegate', @value = N'{"tidegate":1,"grant":"g7k2m0ab","person":"alice","resource":"sales","privileges":"write","since":"2026-11-22T10:00:00Z","until":"2026-11-22T11:00:00Z"}', @level0type = N'USER', @level0name = N'alice.g7k2m0ab';
GRANT CONNECT TO [alice.g7k2m0ab];
COMMIT TRANSACTION;

-- master, as self
SELECT l.sid AS sid, l.is_disabled AS disabled, CONVERT(nvarchar(33), l.modify_date, 126) AS modified
FROM sys.sql_logins l WHERE l.name = @name;

-- master, as self
ALTER LOGIN [alice.g7k2m0ab] ENABLE;

-- master, as self
SELECT l.sid AS sid, l.is_disabled AS disabled, CONVERT(nvarchar(33), l.modify_date, 126) AS modified
FROM sys.sql_logins l WHERE l.name = @name;

-- orders, as dbo
SELECT p.name AS name, CONVERT(nvarchar(3700), e.value) AS mark
FROM sys.extended_properties e JOIN sys.database_principals p ON p.principal_id = e.major_id
WHERE e.class = 4 AND e.minor_id = 0 AND e.name = N'tidegate' AND CONVERT(nvarchar(3700), e.value) LIKE N'{"tidegate":%' ORDER BY p.name;

-- master, as self
SELECT l.name AS name, l.sid AS sid
FROM sys.sql_logins l WHERE SUBSTRING(l.sid, 1, 8) = 0x5449444547415445 ORDER BY l.name;

-- orders, as dbo
SELECT p.sid AS sid, CONVERT(int, p.authentication_type) AS authentication, CONVERT(nvarchar(33), p.modify_date, 126) AS modified,
       (SELECT CONVERT(nvarchar(3700), e.value) FROM sys.extended_properties e
        WHERE e.class = 4 AND e.major_id = p.principal_id AND e.minor_id = 0 AND e.name = N'tidegate') AS mark
FROM sys.database_principals p WHERE p.name = @name;

-- orders, as dbo
SELECT CONVERT(nvarchar(10), N'role') AS what, CONVERT(nvarchar(128), r.name) COLLATE DATABASE_DEFAULT AS name, CONVERT(nvarchar(1), NULL) AS state
FROM sys.database_role_members m JOIN sys.database_principals r ON r.principal_id = m.role_principal_id
JOIN sys.database_principals p ON p.principal_id = m.member_principal_id WHERE p.name = @name
UNION ALL
SELECT CONVERT(nvarchar(10), N'permission'), CONVERT(nvarchar(128), x.permission_name) COLLATE DATABASE_DEFAULT, CONVERT(nvarchar(1), x.state)
FROM sys.database_permissions x JOIN sys.database_principals p ON p.principal_id = x.grantee_principal_id
WHERE x.class = 0 AND p.name = @name;

-- master, as self
SELECT l.sid AS sid, l.is_disabled AS disabled, CONVERT(nvarchar(33), l.modify_date, 126) AS modified
FROM sys.sql_logins l WHERE l.name = @name;

-- master, as self
ALTER LOGIN [alice.g7k2m0ab] DISABLE;

-- orders, as dbo
DENY CONNECT TO [alice.g7k2m0ab];

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name OR s.original_security_id IN (0x0105000000000033, 0x544944454741544599C6EF3CED728D1E));

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name OR s.original_security_id IN (0x0105000000000033, 0x544944454741544599C6EF3CED728D1E));

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name OR s.original_security_id IN (0x0105000000000033, 0x544944454741544599C6EF3CED728D1E));

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name OR s.original_security_id IN (0x0105000000000033, 0x544944454741544599C6EF3CED728D1E));

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name OR s.original_security_id IN (0x0105000000000033, 0x544944454741544599C6EF3CED728D1E));

-- master, as self
KILL 52;

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name OR s.original_security_id IN (0x0105000000000033, 0x544944454741544599C6EF3CED728D1E));

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name OR s.original_security_id IN (0x0105000000000033, 0x544944454741544599C6EF3CED728D1E));

-- orders, as dbo
BEGIN TRANSACTION;
ALTER ROLE [db_datareader] DROP MEMBER [alice.g7k2m0ab];
ALTER ROLE [db_datawriter] DROP MEMBER [alice.g7k2m0ab];
COMMIT TRANSACTION;

-- orders, as dbo
SELECT N'SCHEMA' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.schemas v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'OBJECT' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT SCHEMA_NAME(v.schema_id) AS [schema], v.name, v.principal_id AS owner FROM sys.objects v WHERE v.type <> 'TT') o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'TYPE' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT SCHEMA_NAME(v.schema_id) AS [schema], v.name, v.principal_id AS owner FROM sys.types v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'XML SCHEMA COLLECTION' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT SCHEMA_NAME(v.schema_id) AS [schema], v.name, v.principal_id AS owner FROM sys.xml_schema_collections v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'ROLE' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.owning_principal_id AS owner FROM sys.database_principals v WHERE v.type = 'R') o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'ASSEMBLY' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.assemblies v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'SYMMETRIC KEY' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.symmetric_keys v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'ASYMMETRIC KEY' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.asymmetric_keys v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'CERTIFICATE' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.certificates v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'FULLTEXT CATALOG' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.fulltext_catalogs v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'FULLTEXT STOPLIST' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.fulltext_stoplists v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'SEARCH PROPERTY LIST' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.registered_search_property_lists v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'MESSAGE TYPE' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.service_message_types v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'CONTRACT' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.service_contracts v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'SERVICE' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.services v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'REMOTE SERVICE BINDING' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.remote_service_bindings v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)
UNION ALL
SELECT N'ROUTE' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (SELECT CONVERT(nvarchar(128), NULL) AS [schema], v.name, v.principal_id AS owner FROM sys.routes v) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name);

-- orders, as dbo
SELECT CONVERT(int, x.class) AS class, CONVERT(nvarchar(1), x.state) AS state, x.permission_name AS permission, e.name AS grantee,
       CONVERT(bit, CASE WHEN x.grantor_principal_id = DATABASE_PRINCIPAL_ID(@name) THEN 1 ELSE 0 END) AS by_it,
       CASE x.class WHEN 1 THEN OBJECT_SCHEMA_NAME(x.major_id) WHEN 6 THEN SCHEMA_NAME(t.schema_id) END AS [schema],
       CASE x.class WHEN 1 THEN OBJECT_NAME(x.major_id) WHEN 3 THEN SCHEMA_NAME(x.major_id) WHEN 6 THEN t.name END AS name,
       CASE WHEN x.class = 1 AND x.minor_id > 0 THEN COL_NAME(x.major_id, x.minor_id) END AS [column]
FROM sys.database_permissions x JOIN sys.database_principals e ON e.principal_id = x.grantee_principal_id
LEFT JOIN sys.schemas s ON x.class = 3 AND s.schema_id = x.major_id
LEFT JOIN sys.objects o ON x.class = 1 AND o.object_id = x.major_id
LEFT JOIN sys.types t ON x.class = 6 AND t.user_type_id = x.major_id
WHERE x.class IN (0, 1, 3, 6) AND x.grantee_principal_id <> DATABASE_PRINCIPAL_ID(@name)
  AND (x.grantor_principal_id = DATABASE_PRINCIPAL_ID(@name) OR s.principal_id = DATABASE_PRINCIPAL_ID(@name)
       OR o.principal_id = DATABASE_PRINCIPAL_ID(@name) OR t.principal_id = DATABASE_PRINCIPAL_ID(@name));

-- orders, as dbo
DROP USER IF EXISTS [alice.g7k2m0ab];

-- master, as self
DROP LOGIN [alice.g7k2m0ab];

-- orders, as self
SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET LOCK_TIMEOUT 3000; SET ROWCOUNT 0;
SELECT CONVERT(int, SERVERPROPERTY(N'EngineEdition')) AS edition, CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductVersion')) AS version,
       ORIGINAL_LOGIN() AS administrator, CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) AS updateability;

-- orders, as self
SELECT CONVERT(int, d.containment) AS containment, d.is_trustworthy_on AS trustworthy,
       (SELECT CONVERT(int, c.value_in_use) FROM sys.configurations c WHERE c.name = N'contained database authentication') AS logins
FROM sys.databases d WHERE d.name = DB_NAME();

-- orders, as self
SELECT CONVERT(bit, CASE WHEN IS_ROLEMEMBER(N'db_owner') = 1 THEN 1 ELSE 0 END) AS owner,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE STATE'), 0)) AS views,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'KILL DATABASE CONNECTION'), 0)) AS kills;

-- orders, as dbo
SELECT t.name AS name FROM sys.triggers t WHERE t.parent_class = 0 AND t.is_disabled = 0 ORDER BY t.name;

-- master, as self
SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'ALTER ANY LOGIN'), 0)) AS logins,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS views,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'ALTER ANY CONNECTION'), 0)) AS kills;
