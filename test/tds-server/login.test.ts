import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tsql } from './clients/freetds.ts';
import { batch, close, configuration, connect } from './clients/tedious.ts';
import type { TdsServer } from './server.ts';
import { administrator, type Certificates, certificates, startShop } from './support.ts';

let server: TdsServer;
let pems: Certificates;
let folder: string;
let caFile: string;

beforeAll(async () => {
  pems = await certificates();
  folder = await mkdtemp(join(tmpdir(), 'tds-server-login-'));
  caFile = join(folder, 'ca.pem');
  await writeFile(caFile, pems.ca);
  server = await startShop(pems.tls);
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const target = () => ({ ...administrator(server.port), ca: pems.ca });

describe('tedious', () => {
  it.each(['7_1', '7_2', '7_3_A', '7_3_B', '7_4'])(
    'logs in with TDS %s inside the prelogin and reads',
    async (version) => {
      const connection = await connect(configuration(target(), { tdsVersion: version }));
      const { rows } = await batch(connection, 'SELECT id, name FROM dbo.things ORDER BY id');
      expect(rows).toEqual([
        [1, 'kettle'],
        [2, 'Tasse'],
      ]);
      await close(connection);
    },
  );

  it.each([
    ['8_0', 0x08000000],
    ['7_4', 0x74000004],
  ])('logs in where TLS comes first, with %s in its LOGIN7', async (tdsVersion, agreed) => {
    const connection = await connect(configuration(target(), { encrypt: 'strict', tdsVersion }));
    expect((await batch(connection, 'SELECT DB_NAME(), SUSER_SNAME()')).rows).toEqual([['shop', 'sa']]);
    expect(server.logins.at(-1)?.tdsVersion).toBe(agreed);
    await close(connection);
  });

  it.each([512, 4096, 16_384, 32_767])('agrees on packets of %d bytes, and they hold both ways', async (packetSize) => {
    const connection = await connect(configuration(target(), { packetSize }));
    expect(server.logins.at(-1)?.packetSize).toBe(packetSize);
    const long = 'x'.repeat(100_000);
    const { rows } = await batch(connection, `SELECT CAST('${long}' AS nvarchar(max)) AS long`);
    expect(rows).toEqual([[long]]);
    expect(server.messages.at(-1)?.largestPacket).toBe(packetSize);
    await close(connection);
  });

  it('is told the numbers of SQL Server when it may not come in', async () => {
    await expect(connect(configuration({ ...target(), password: 'wrong' }))).rejects.toThrow(
      "Login failed for user 'sa'.",
    );
    await expect(connect(configuration({ ...target(), database: 'nowhere' }))).rejects.toThrow(
      /Login failed|Cannot open database "nowhere"/,
    );
  });
});

describe('FreeTDS', () => {
  it.each(['7.1', '7.2', '7.3', '7.4'])(
    'logs in with TDS %s, holds the certificate against its authority, and reads',
    async (version) => {
      const { out, err } = await tsql(
        { ...administrator(server.port), version, caFile },
        'SELECT id, name FROM things ORDER BY id',
      );
      expect(err).not.toContain('Msg');
      expect(out).toContain('1\tkettle\n2\tTasse\n(2 rows affected)');
    },
  );

  it('is told why it may not come in', async () => {
    const { err, out } = await tsql({ ...administrator(server.port), password: 'wrong' }, 'SELECT 1');
    expect(`${out}${err}`).toContain("Login failed for user 'sa'.");
  });
});

describe('a server without encryption', () => {
  it('says so in its prelogin, and both still come in', async () => {
    const plain = await startShop(null);
    const connection = await connect(configuration(administrator(plain.port), { encrypt: false }));
    expect((await batch(connection, 'SELECT 1 AS one')).rows).toEqual([[1]]);
    await close(connection);
    const { out } = await tsql({ ...administrator(plain.port), encryption: 'request' }, 'SELECT 1 AS one');
    expect(out).toContain('1\n(1 row affected)');
    await plain.close();
  });
});
