/**
 * A process that records as fast as it can, until it is killed or has recorded `last` statements; tells the number of the
 * last statement that is on disk.
 */
import { done, openSpool, sessionInfo, simple } from './record.ts';

const [folder = '', segmentBytes = '65536', pauseEvery = '0', last = 'Infinity'] = process.argv.slice(2);
const spool = openSpool(folder, { segmentBytes: Number(segmentBytes) });
const session = spool.begin(sessionInfo());
let op = 0;

function turn(): void {
  for (let i = 0; i < 5; i++) {
    op += 1;
    simple(session, op, `SELECT ${op}, '${'x'.repeat(op % 300)}'`);
    done(session, op);
  }
  void spool.flush();
  process.send?.(op);
  if (op >= Number(last)) {
    session.ended('client_closed', null, 0, 0);
    spool.close();
    process.exit();
  }
  if (pauseEvery !== '0' && op % Number(pauseEvery) === 0) setTimeout(turn, 5);
  else setImmediate(turn);
}
turn();
process.on('disconnect', () => process.exit());
