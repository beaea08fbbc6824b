/** A session of TDS between a client and a server that a test speaks for: what each message tells the record. */
import { Buffer } from 'node:buffer';
import { expect } from 'vitest';
import { sqlserver } from '../../src/index.ts';
import { server, token } from './sqlserver-craft.ts';
import { SqlServerEvents } from './sqlserver-events.ts';

const { TdsVersion } = sqlserver;

export class Play {
  readonly events = new SqlServerEvents();
  readonly session: sqlserver.SqlServerSession;

  constructor(version: number = TdsVersion.v74) {
    this.session = new sqlserver.SqlServerSession(this.events, { version });
  }

  /** What is told while the client says this. */
  client(...messages: readonly Buffer[]): string[] {
    return this.#told(() => expect(this.session.fromClient(Buffer.concat(messages))).toBeNull());
  }

  server(...messages: readonly Buffer[]): string[] {
    return this.#told(() => expect(this.session.fromServer(Buffer.concat(messages))).toBeNull());
  }

  #told(feed: () => void): string[] {
    const before = this.events.lines.length;
    feed();
    return this.events.lines.slice(before);
  }
}

export const done = server.response([token.done(0)]);
