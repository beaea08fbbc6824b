/** The `tidegate` command. */
import { run } from './program.ts';

// What reads our answer may stop reading (`| head`): that is an end, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.exitCode = await run(process.argv);
