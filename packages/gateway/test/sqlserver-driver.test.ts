/** The driver port over tedious, against the TDS server of the tests: rows, errors as codes, TLS, deadlines, lost peers. */
import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TdsServer } from '../../../test/tds-server/index.ts';
import { ADMINISTRATOR, type Certificates, certificates, startShop } from '../../../test/tds-server/support.ts';
import { provisionerFor } from '../src/engines/provisioning.ts';
import type { DriverOptions } from '../src/engines/sqlserver/principal/driver.ts';
import { connectTedious } from '../src/engines/sqlserver/principal/tedious.ts';
import { stage } from './sqlserver-support.ts';

let pems: Certificates;
let server: TdsServer;
beforeAll(async () => {
  pems = await certificates();
  server = await startShop(pems.tls);
});
afterAll(() => server?.close());

const options = (changes: Partial<DriverOptions> = {}): DriverOptions => ({
  host: 'localhost',
  port: server.port,
  database: 'shop',
  credential: { kind: 'password', user: ADMINISTRATOR.name, password: ADMINISTRATOR.password },
  encryption: 'required',
  verifyName: true,
  ca: pems.ca,
  serverName: null,
  connectWithinMs: 5_000,
  answerWithinMs: 5_000,
  ...changes,
});

describe('asking', () => {
  test('rows by column name, of all results in order; values as nvarchar, whatever they hold', async () => {
    const connection = await connectTedious(options());
    expect(
      await connection.query('SELECT 1 AS a; SELECT 2 AS a, CONVERT(bit, 1) AS b, CONVERT(nvarchar(1), NULL) AS c'),
    ).toEqual([{ a: 1 }, { a: 2, b: true, c: null }]);
    const odd = `Übel'; DROP TABLE dbo.things; -- \u{1f600}\\`;
    expect(await connection.query('SELECT @name AS name', { name: odd })).toEqual([{ name: odd }]);
    connection.close();
  });

  test('errors carry the number of the server; several, the first, because the rest follow from it', async () => {
    const refusal = async (text: string) => {
      const connection = await connectTedious(options());
      const error = await connection.query(text).catch((caught: unknown) => caught);
      connection.close();
      return error;
    };
    expect(await refusal('SELECT * FROM dbo.nothing')).toMatchObject({ name: 'DriverError', code: '208' });
    expect(await refusal('KILL 32000')).toMatchObject({ code: '6106' });
    expect(await refusal('DROP USER [nobody.here]')).toMatchObject({ code: '15151' });
  });
});

describe('coming in', () => {
  test.each([
    ['a wrong password', { credential: { kind: 'password', user: 'sa', password: 'no' } }, '18456'],
    ['a database that is not there', { database: 'nowhere' }, '4060'],
    ['an authority that is not known', { ca: null }, /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|DEPTH_ZERO)/],
    ['a certificate for another name', { serverName: 'elsewhere.example' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'an authority that is not known, where the name need not fit',
      { ca: null, verifyName: false, serverName: 'elsewhere.example' },
      /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|DEPTH_ZERO)/,
    ],
    [
      'TLS first, and a certificate for another name',
      { encryption: 'strict', serverName: 'x.example' },
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
  ] satisfies [string, Partial<DriverOptions>, string | RegExp][])('%s is refused', async (_what, changes, code) => {
    const before = server.logins.length;
    const error = await connectTedious(options(changes)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: typeof code === 'string' ? code : expect.stringMatching(code) });
    // Where the certificate is refused, no password has gone out.
    if (code !== '18456' && code !== '4060') expect(server.logins).toHaveLength(before);
    expect(JSON.stringify(error)).not.toContain(ADMINISTRATOR.password);
  });

  test('a certificate for another name will do where only its authority counts, or the name is given', async () => {
    const loose = await connectTedious(options({ serverName: 'elsewhere.example', verifyName: false }));
    expect(loose.tls).toBe('TLSv1.2');
    loose.close();
    const named = await connectTedious(options({ host: '127.0.0.1', serverName: 'localhost' }));
    expect(await named.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    named.close();
  });

  test('TLS first (TDS 8.0)', async () => {
    const connection = await connectTedious(options({ encryption: 'strict' }));
    expect(connection.tls).toMatch(/^TLSv1\.[23]$/);
    expect(await connection.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    connection.close();
  });

  test('a server without TLS is refused, but where none is wanted', async () => {
    const plain = await startShop(null);
    const refused = await connectTedious(options({ port: plain.port })).catch((caught: unknown) => caught);
    expect(refused).toMatchObject({ code: 'no_tls' });
    const connection = await connectTedious(options({ port: plain.port, encryption: 'none' }));
    expect(connection.tls).toBeNull();
    connection.close();
    await plain.close();
  });

  test('nobody there, and somebody who says nothing', async () => {
    const silent = net.createServer((socket) => socket.resume().on('error', () => undefined));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const late = connectTedious(options({ host: '127.0.0.1', port, connectWithinMs: 200 }));
    await expect(late).rejects.toMatchObject({ code: 'connect_timeout' });
    await new Promise((resolve) => silent.close(resolve));
    const gone = connectTedious(options({ host: '127.0.0.1', port }));
    await expect(gone).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('an answer that does not come', () => {
  test('is given up at the deadline, and the connection with it', async () => {
    const connection = await connectTedious(options({ answerWithinMs: 200 }));
    await expect(connection.query(`WAITFOR DELAY '00:00:05'`)).rejects.toMatchObject({ code: 'deadline' });
    await expect(connection.query('SELECT 1 AS one')).rejects.toBeInstanceOf(Error);
  });

  test('a connection that is lost while idle is told, and ends nothing else', async () => {
    const other = await startShop(pems.tls);
    const connection = await connectTedious(options({ port: other.port }));
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.onLost(resolve);
    await other.close();
    await promise;
    await expect(connection.query('SELECT 1 AS one')).rejects.toBeInstanceOf(Error);
  });
});

test('a gateway’s provisioner comes by this driver itself', async () => {
  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = closed.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await new Promise((resolve) => closed.close(resolve));
  const log = { info: () => undefined, warn: () => undefined };
  const resource = { ...stage().resource, address: { host: '127.0.0.1', port } };
  const provisioner = provisionerFor({ resource, password: async () => 'x', controlNow: Date.now, log });
  expect(await provisioner.check()).toEqual({
    ok: false,
    detail: `Cannot reach 127.0.0.1:${port}: connection refused.`,
  });
  await provisioner.end();
});
