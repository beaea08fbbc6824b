-- Who may do what on the sample server. As on a managed service, the administrator that Tidegate is given is no
-- superuser: it can make roles, administers the one that owns the tables, owns the database, and can end sessions.
-- Its password is set by the caller.

CREATE ROLE orders_app NOLOGIN;
COMMENT ON ROLE orders_app IS 'Owns the shop''s tables. Nobody logs in as it.';

CREATE ROLE tidegate_admin LOGIN NOSUPERUSER CREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS;
COMMENT ON ROLE tidegate_admin IS 'Tidegate''s administrator on this server';

-- With ADMIN: from PostgreSQL 16 on CREATEROLE alone no longer lets it give a role away that it did not make.
GRANT orders_app TO tidegate_admin WITH ADMIN OPTION;
GRANT pg_signal_backend TO tidegate_admin;

-- Nobody connects because they exist. The owner of a database also owns its schema public (PostgreSQL 15's rule;
-- 14 is brought there), so tidegate_admin can give CONNECT and USAGE to the roles it makes.
ALTER DATABASE orders OWNER TO tidegate_admin;
ALTER SCHEMA public OWNER TO pg_database_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE orders, postgres, template1 FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE orders TO orders_app;
GRANT USAGE, CREATE ON SCHEMA public TO orders_app;
