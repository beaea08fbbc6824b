-- The shop's own account: it owns nothing by itself (MariaDB has no owners), but its views, routines and triggers run with
-- its rights, and so do those that an owner makes. Nobody logs in as it: locked, under a password that is none.
CREATE USER IF NOT EXISTS `shop_app`@`%` IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK;
GRANT ALL ON `shop`.* TO `shop_app`@`%`;

-- The administrator that Tidegate is given: no superuser. It makes accounts, sees and ends sessions, gives what it may
-- itself pass on, and names others as definers. Through the socket only. Its password is set at each start.
CREATE USER IF NOT EXISTS `tidegate_admin`@`localhost` IDENTIFIED VIA mysql_native_password USING 'invalid';
GRANT CREATE USER, PROCESS, CONNECTION ADMIN, SET USER ON *.* TO `tidegate_admin`@`localhost`;
GRANT SELECT ON `mysql`.* TO `tidegate_admin`@`localhost`;
GRANT ALL ON `tidegate`.* TO `tidegate_admin`@`localhost`;
GRANT ALL ON `shop`.* TO `tidegate_admin`@`localhost` WITH GRANT OPTION;
