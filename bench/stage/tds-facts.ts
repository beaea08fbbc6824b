/** What both ends of the SQL Server part know. */
export const DATABASE = 'bench';
export const ADMINISTRATOR = 'sa';
export const ROWS = 1_000;
