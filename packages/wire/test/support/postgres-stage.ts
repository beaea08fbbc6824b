/** A session of PostgreSQL’s between a client and a server that a test speaks for, and what it tells the record. */
import { Buffer } from 'node:buffer';
import { postgres, type Refusal } from '../../src/index.ts';
import { Events } from './events.ts';

export class Stage {
  readonly events = new Events();
  readonly session = new postgres.PostgresSession(this.events);

  send(...messages: readonly Uint8Array[]): Refusal | null {
    return this.session.fromClient(Buffer.concat(messages));
  }

  answer(...messages: readonly Uint8Array[]): Refusal | null {
    return this.session.fromServer(Buffer.concat(messages));
  }

  /** What was told since the last time. */
  told(): string[] {
    return this.events.lines.splice(0);
  }
}
