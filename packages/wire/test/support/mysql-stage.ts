/** A session of MySQL’s between a client and a server that a test speaks for, and what it tells the record. */
import { Buffer } from 'node:buffer';
import { mysql, type Refusal } from '../../src/index.ts';
import { server } from './mysql-craft.ts';
import { MysqlEvents } from './mysql-events.ts';

const { Capability } = mysql;
export const BASE = Capability.protocol41 + Capability.multiResults;

export class Stage {
  readonly events = new MysqlEvents();
  readonly session: mysql.MysqlSession;

  constructor(options: Partial<mysql.SessionOptions> = {}) {
    this.session = new mysql.MysqlSession(this.events, {
      capabilities: BASE,
      mariadbCapabilities: 0,
      flavour: 'mysql',
      localFiles: false,
      ...options,
    });
  }

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

export const withEof = () => new Stage();
export const withoutEof = () => new Stage({ capabilities: BASE + Capability.deprecateEof });
export const attributed = () =>
  new Stage({ capabilities: BASE + Capability.deprecateEof + Capability.queryAttributes + Capability.sessionTrack });
export const mariadb = (mariadbCapabilities: number, capabilities = BASE + Capability.deprecateEof) =>
  new Stage({ flavour: 'mariadb', capabilities, mariadbCapabilities });

export const rows = (from: number, ...values: readonly string[]) =>
  values.map((value, i) => server.row(from + i, value));
