/**
 * A relay worker that relays nothing: it answers main as the protocol says, and does on command what a test needs. The
 * commands ride on `opened` (a grant's id) and `cancel` (a key).
 */
import type { FromWorker, ToWorker } from '../../src/worker-protocol.ts';

const tell = (message: FromWorker) => process.send?.(message);
let worker = -1;
/** Answers nothing from now on. */
let deaf = false;

/** Tells main of a session whose id says what this worker was told. */
function show(what: string): void {
  const note = { database: 'd', clientAddress: '', application: what, startedAt: '2026-01-01T00:00:00Z' };
  const id = `ses_${String(worker).padStart(16, '0')}`;
  tell({ type: 'session-opened', session: { id, grant: 'g0123456', ...note } as never });
}

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'init': {
      worker = message.worker;
      if (message.listeners[0]?.port === 1) {
        tell({ type: 'fatal', message: 'no such port' });
        process.exit(1);
      }
      const ports = message.listeners.map(({ engine, host, port }) => ({ engine, host, port: port || 45_678 }));
      show(`init ${message.listeners[0]?.port} ${message.grants.length} ${message.spool.stream}`);
      tell({ type: 'ready', ports });
      break;
    }
    case 'state':
    case 'change':
      if (!deaf) tell({ type: 'ack', revision: message.revision });
      break;
    case 'opened':
      if (message.grant === `gdie000${worker}`) process.kill(process.pid, 'SIGKILL');
      if (message.grant === 'gdeaf000') deaf = true;
      if (message.grant === 'gcancel0' && worker === 0) tell({ type: 'cancel', worker: 1, key: 'k' });
      break;
    case 'cancel':
      show(`cancel ${message.key}`);
      break;
    case 'spool-allowance':
      show(`allowance ${message.bytes}`);
      break;
    case 'contact':
    case 'cut':
    case 'tls':
      break;
    case 'stop':
      process.exit(0);
  }
});
process.on('disconnect', () => process.exit(1));
