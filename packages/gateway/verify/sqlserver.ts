/**
 * `npm run verify:sqlserver`: provisioning, end to end, on a SQL Server or Azure SQL Database of the operator's own
 * (docs/SQLSERVER.md). Makes a database, walks through everything, and cleans up. Exits 1 if anything was not as it must be.
 */
import { targetFrom, USAGE, words } from './stage.ts';
import { verify } from './walk.ts';

try {
  const target = targetFrom(process.env);
  if (target === null) {
    console.error(USAGE);
    process.exitCode = 2;
  } else {
    const failed = await verify(target);
    console.log(failed === 0 ? '\nAll is as it must be.' : `\n${failed} not as it must be.`);
    process.exitCode = failed === 0 ? 0 : 1;
  }
} catch (error) {
  console.error(words(error));
  process.exitCode = 1;
}
