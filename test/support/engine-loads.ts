/** The loads of the other engines: mysql2 and tedious, one prepared statement with a bound value after the other. */
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { type Connection, TYPES } from 'tedious';
import { configuration, connect, newRequest } from '../tds-server/clients/tedious.ts';
import { Load } from './load.ts';

/** Milliseconds between two statements: the servers share the machine with all that is killed and started again. */
const PACE = 5;

export class Mysql2 extends Load {
  protected async connected(): Promise<void> {
    const { host, port, user, password, database } = this.door;
    const client = await mysql.createConnection({ host, port, user, password, database, connectTimeout: 5_000 });
    client.on('error', (error: Error) => {
      this.lastError = error.message;
    });
    try {
      while (await this.mayAsk()) {
        const [value] = this.take(1);
        if (value === undefined) return;
        await client.execute('SELECT ? AS value', [value]);
        this.acknowledged.push(value);
        await delay(PACE);
      }
    } finally {
      client.destroy();
    }
  }
}

export class Tedious extends Load {
  /** PEM: clients of SQL Server come by TLS only. */
  readonly #ca: string;

  constructor(door: ConstructorParameters<typeof Load>[0], from: number, ca: string) {
    super(door, from);
    this.#ca = ca;
  }

  protected async connected(): Promise<void> {
    const client = await connect(
      configuration({ ...this.door, host: 'localhost', ca: this.#ca }, { connectTimeout: 5_000 }),
    );
    try {
      while (await this.mayAsk()) {
        const [value] = this.take(1);
        if (value === undefined) return;
        await ask(client, value);
        this.acknowledged.push(value);
        await delay(PACE);
      }
    } finally {
      client.close();
    }
  }
}

async function ask(client: Connection, value: number): Promise<void> {
  const { request, result } = newRequest('SELECT @value AS value');
  request.addParameter('value', TYPES.Int, value);
  client.execSql(request);
  const { rows } = await result;
  if (rows[0]?.[0] !== value) throw new Error('another answer');
}
