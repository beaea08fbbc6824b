/** Towards a real server with TLS: who it must be, the channel bound, and its cancel requests inside TLS too. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RelayResource } from '../src/worker-protocol.ts';
import { authority } from './principal-certificates.ts';
import { newGrant, newWorld, TestRelay, type World } from './relay-support.ts';

let world: World;
let ca: Awaited<ReturnType<typeof authority>>;
beforeAll(async () => {
  world = await newWorld();
  ca = await authority('database authority');
  const { pem, key } = await ca.issue('db.example');
  // Written by the server itself, so that they are its user's.
  const into = async (file: string, text: string) =>
    world.root.query(`COPY (SELECT 1) TO PROGRAM 'umask 077; cat > ${file} <<''END''\n${text}\nEND'`);
  await into('server.key', key);
  await into('server.crt', pem);
  await writeFile(join(world.cluster.dataFolder, 'postgresql.auto.conf'), 'ssl = on\n');
  await reload();
  while ((await world.root.query('SHOW ssl')).rows[0].ssl !== 'on') await reload();
});
afterAll(() => world.end());

const reload = () => world.root.query('SELECT pg_reload_conf(), pg_sleep(0.1)');

async function connectWith(tls: RelayResource['tls']) {
  const grant = await newGrant(world);
  const relay = await TestRelay.start({ ...world, resource: { ...world.resource, tls } }, [grant]);
  onTestFinished(() => relay.stop());
  return { client: await relay.connect(grant), relay };
}

describe('a server with TLS', () => {
  it('is let speak when it is who it must be, with the channel bound', async () => {
    const { client } = await connectWith({ mode: 'verify-full', ca: ca.pem, serverName: 'db.example' });
    const { rows } = await client.query('SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true, version: 'TLSv1.3' }]);
    await client.end();
  });

  it('may have any name under verify-ca', async () => {
    const { client } = await connectWith({ mode: 'verify-ca', ca: ca.pem, serverName: null });
    await client.end();
  });

  it.each([
    ['another name', () => ({ mode: 'verify-full' as const, ca: ca.pem, serverName: 'other.example' })],
    ['the address for its name', () => ({ mode: 'verify-full' as const, ca: ca.pem, serverName: null })],
    ['an authority of somebody else', () => ({ mode: 'verify-ca' as const, ca: world.tls.ca, serverName: null })],
    ['an authority nobody knows', () => ({ mode: 'verify-full' as const, ca: null, serverName: 'db.example' })],
  ])('with %s is not spoken to', async (_what, tls) => {
    await expect(connectWith(tls())).rejects.toMatchObject({ code: '57P03' });
  });

  it('is cancelled inside TLS', async () => {
    const { client, relay } = await connectWith({ mode: 'verify-full', ca: ca.pem, serverName: 'db.example' });
    const running = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
    await expect
      .poll(
        async () => (await world.root.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`)).rowCount,
      )
      .toBe(1);
    const [processId, secret] = [Reflect.get(client, 'processID'), Reflect.get(client, 'secretKey')];
    const key = Buffer.alloc(4);
    key.writeInt32BE(secret);
    relay.tell({ type: 'cancel', key: `${processId}.${key.toString('hex')}` });
    expect(await running).toMatchObject({ code: '57014' });
    await client.end();
  });
});

describe('a server that takes logins in another way', () => {
  it.each(['trust', 'password', 'md5'])('(%s) is not logged in to', async (method) => {
    const hba = (await world.root.query('SHOW hba_file')).rows[0].hba_file;
    const { rows } = await world.root.query('SELECT pg_read_file($1) AS text', [hba]);
    await writeFile(hba, `host all all 127.0.0.1/32 ${method}\n${rows[0].text}`);
    await reload();
    onTestFinished(async () => {
      await writeFile(hba, rows[0].text);
      await reload();
    });
    // A password in clear, or none, would be a door that the database does not close by itself.
    const tls = { mode: 'disable', ca: null, serverName: null } as const;
    const trying = connectWith(tls);
    // `md5` in pg_hba.conf means SCRAM for a principal with a SCRAM verifier, which is as good.
    if (method === 'md5') await (await trying).client.end();
    else await expect(trying).rejects.toMatchObject({ code: '28000', hint: expect.stringContaining('pg_hba.conf') });
  });
});
