/** A process to be killed while it loads the sample data: says `started` when the server is there and the load begins. */
import { startOrders } from '../src/index.ts';

await startOrders({
  home: process.argv[2] ?? '',
  settings: { fsync: 'off' },
  log: {
    info: (_, message) => console.log(message === 'PostgreSQL is ready' ? 'started' : message),
    warn: (_, message) => console.error(message),
  },
});
