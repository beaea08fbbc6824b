/**
 * One client, from its first byte to an open session or to a refusal. The engine's handshake does the talking; here is
 * what came of it: on record, and said to the client.
 */
import type { Arrival } from './arrival.ts';
import type { Ready, RelayEngine } from './engine.ts';
import type { Grants } from './grants.ts';
import type { Log } from './log.ts';
import type { Recorder, SessionRecord } from './recorder.ts';
import { ClientGone, LoginRefused } from './refusal.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Turn } from './turn.ts';

/** A refused client that doesn't read its refusal is not waited for longer, in milliseconds. */
const REFUSAL_MS = 1_000;

export interface ConnectionOptions {
  readonly engine: RelayEngine;
  readonly grants: Grants;
  readonly sessions: Sessions;
  readonly recorder: Recorder;
  readonly turn: Turn;
  readonly log: Log;
  /** A session has opened. */
  readonly opened: (session: Session) => void;
}

export async function connection(arrival: Arrival, options: ConnectionOptions): Promise<void> {
  try {
    const ready = await options.engine.accept(arrival);
    if (ready === null) arrival.socket.destroy();
    else await open(arrival, ready, options);
  } catch (error) {
    failed(arrival, error, options);
  } finally {
    arrival.settled();
  }
}

/** The session's beginning is on record before the client hears that it is in. */
async function open(arrival: Arrival, ready: Ready, options: ConnectionOptions): Promise<void> {
  const { sessions, recorder, turn, engine, opened } = options;
  const { grant, resource, attempt, session: id } = ready.permit;
  const session = sessions.get(id);
  if (session === null) throw new Error('a permit without a seat');
  let record: SessionRecord;
  try {
    record = recorder.begin({
      session: id,
      engine: engine.engine,
      grant: grant.id,
      person: grant.person,
      principal: grant.loginName,
      resource: resource.name,
      role: grant.role.name,
      database: attempt.database,
      clientAddress: attempt.clientAddress,
      application: attempt.application,
      values: resource.record.values,
    });
    await turn.recorded();
  } catch (error) {
    ready.server.destroy();
    throw new LoginRefused('record_unavailable', 'the gateway cannot write its record, and lets nobody in without', {
      next: 'Tell an administrator: its disk may be full.',
      cause: error,
    });
  }
  if (arrival.signal.aborted) {
    session.stillborn(record);
    ready.server.destroy();
    throw arrival.signal.reason;
  }
  session.open(ready, record);
  opened(session);
}

function failed(arrival: Arrival, error: unknown, options: ConnectionOptions): void {
  const { sessions, log, engine } = options;
  if (arrival.permit !== null) sessions.get(arrival.permit.session)?.abandon();
  if (error instanceof ClientGone) {
    log.info({ address: arrival.address }, `a client left before it was let in: ${error.message}`);
    arrival.socket.destroy();
    return;
  }
  const refused = error instanceof LoginRefused ? error : unexpected(error, log);
  const { code, message, cause } = refused;
  log.warn({ address: arrival.address, loginName: arrival.attempt?.loginName, code, err: cause }, message);
  recordRefusal(arrival, refused, options);
  const { socket } = arrival;
  const timer = setTimeout(() => socket.destroy(), REFUSAL_MS);
  const done = () => clearTimeout(timer);
  // Read on: bytes left unread would make the kernel reset the connection before the client has read why.
  socket.readBy({ chunk() {}, ended() {}, drained() {}, closed: done });
  socket.resume();
  socket.write(engine.refusal(refused, arrival.sequence, arrival.version));
  socket.end();
}

/** Who never said a name has left nothing worth a record; ports are knocked on all day. */
function recordRefusal({ attempt }: Arrival, refused: LoginRefused, options: ConnectionOptions): void {
  if (attempt === null) return;
  const { loginName, database, clientAddress, application } = attempt;
  const resource = options.grants.byLoginName(loginName)?.grant.resource ?? '';
  const { code, message: reason } = refused;
  options.recorder.refused({ loginName, resource, database, clientAddress, application, reason, code });
  options.turn.soon();
}

function unexpected(error: unknown, log: Log): LoginRefused {
  log.error({ err: error }, 'a handshake failed by an error of the gateway itself');
  return new LoginRefused('internal', 'the gateway failed to set up the session', {
    next: 'Tell an administrator: its log says why.',
  });
}
