/** Plays chunks through a MySQL session as the relay does: what is unread is kept and given again. */
import { Buffer } from 'node:buffer';
import { mysql, type Refusal, type StatementSink } from '../../src/index.ts';
import type { MysqlRecording } from './mysql-recording.ts';
import type { Chunk } from './recording.ts';

/** What the gateway does with a KILL: done (null), a SQLSTATE, or 'pass': it is the database's. By default it is done. */
export type Answer = (session: mysql.MysqlSession) => string | null;

export class Player {
  readonly session: mysql.MysqlSession;
  /** All that would have been forwarded to the server. */
  readonly forwarded: Buffer[] = [];
  readonly #answer: Answer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(sink: StatementSink, agreed: mysql.Agreed, answer: Answer = () => null) {
    this.session = new mysql.MysqlSession(sink, { ...agreed, localFiles: true });
    this.#answer = answer;
  }

  fromClient(bytes: Uint8Array): Refusal | null {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const refused = this.session.fromClient(this.#rest);
      if (refused !== null) return refused;
      const read = this.#rest.length - this.session.unread;
      this.forwarded.push(this.#rest.subarray(0, read));
      this.#rest = this.#rest.subarray(read);
      const { aside } = this.session;
      if (aside === null) return null;
      const answer = aside.kind === 'refuse' ? aside.refusal.code : this.#answer(this.session);
      if (answer === 'pass') {
        this.session.passedOn();
      } else {
        this.session.answered(answer);
        this.#rest = this.#rest.subarray(aside.bytes);
      }
    }
  }

  /**
   * A chunk of the server's may hold answers to what the walker has not read yet, because the recording was made without
   * one: then it is given packet by packet.
   */
  fromServer(bytes: Uint8Array): Refusal | null {
    let left = Buffer.from(bytes);
    while (left.length > 0) {
      let size = left.length;
      if (this.session.crowded) {
        const { serverRemainder } = this.session;
        size = serverRemainder > 0 ? serverRemainder : left.length < 4 ? left.length : 4 + left.readUIntLE(0, 3);
      }
      const refused = this.session.fromServer(left.subarray(0, size));
      if (refused !== null) return refused;
      left = left.subarray(size);
      if (this.#rest.length > 0 && !this.session.crowded) {
        const again = this.fromClient(Buffer.alloc(0));
        if (again !== null) return again;
      }
    }
    return null;
  }

  play(chunks: readonly Chunk[]): Refusal | null {
    for (const { from, bytes } of chunks) {
      const refused = from === 'client' ? this.fromClient(bytes) : this.fromServer(bytes);
      if (refused !== null) return refused;
    }
    return null;
  }
}

/** Plays all of a recording and gives the first refusal. */
export function replayMysql(recording: MysqlRecording, sink: StatementSink, chunks = recording.chunks): Refusal | null {
  return new Player(sink, recording.agreed).play(chunks);
}
