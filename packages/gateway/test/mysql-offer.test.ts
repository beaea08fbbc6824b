/** What clients are offered before they say which server they want, and what is known of the servers. */
import { once } from 'node:events';
import net from 'node:net';
import type { ResourceName } from '@tidegate/core';
import { mysql } from '@tidegate/wire';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { agreed, allowed, lacking, offerFor } from '../src/engines/mysql/offer.ts';
import { Servers } from '../src/engines/mysql/servers.ts';
import { meet } from '../src/engines/mysql/upstream-meet.ts';
import type { RelayResource } from '../src/worker-protocol.ts';

const { Capability, MariadbCapability } = mysql;
const ALL = 0xffffffff;
const server = (version: string, capabilities = ALL) => ({ version, capabilities, mariadbCapabilities: 0 });
const MARIADB = server('5.5.5-10.11.19-MariaDB', (ALL & ~Capability.queryAttributes & ~Capability.longPassword) >>> 0);

const resource = (name: string, port = 1): RelayResource => ({
  name: name as ResourceName,
  engine: 'mysql',
  address: { host: '127.0.0.1', port },
  tls: { mode: 'disable', ca: null, serverName: null },
  databases: ['shop'],
  record: { values: 'full' },
  maxSessionsPerGrant: 10,
  allow: { localInfile: false },
  entra: [],
});

const hello = (traits: { version: string; capabilities: number }): mysql.Handshake => ({
  ...server(traits.version, traits.capabilities),
  connection: 1,
  nonce: mysql.nonceOf(Buffer.alloc(20, 1)),
  collation: 45,
  status: 2,
  plugin: mysql.Plugin.native,
});

describe('an offer', () => {
  const NEVER =
    Capability.compress | Capability.zstdCompression | Capability.localFiles | Capability.optionalResultsetMetadata;

  it.each([
    ['no server', []],
    ['one that is not known', [null]],
    ['one that is known and one that is not', [server('8.4.3'), null]],
    ['servers of both flavours', [server('8.4.3'), MARIADB]],
  ])('for %s is what all servers keep, by a name that suits the most', (_what, servers) => {
    const { version, capabilities } = offerFor(servers);
    expect(version).toBe('8.0.99-Tidegate');
    expect(capabilities & NEVER).toBe(0);
    expect(mysql.has(capabilities, Capability.queryAttributes)).toBe(false);
    expect(
      lacking(agreed({ capabilities, mariadbCapabilities: 0, maxPacket: 0, collation: 0 }, offerFor(servers)), MARIADB),
    ).toBe('');
  });

  it('has query attributes where every server has, and the name of the oldest', () => {
    const { version, capabilities } = offerFor([server('8.4.3'), server('8.0.36-azure'), server('8.0.40')]);
    expect(version).toBe('8.0.36-azure-Tidegate');
    expect(mysql.has(capabilities, Capability.queryAttributes)).toBe(true);
    expect(capabilities & NEVER).toBe(0);
    const older = server('8.0.20', (ALL & ~Capability.queryAttributes) >>> 0);
    expect(mysql.has(offerFor([server('8.4.3'), older]).capabilities, Capability.queryAttributes)).toBe(false);
  });

  it('says MariaDB where all are, and has the flags of its own that each has', () => {
    const own = { ...MARIADB, mariadbCapabilities: MariadbCapability.bulkOperations | MariadbCapability.progress };
    const more = { ...server('11.4.2-MariaDB'), mariadbCapabilities: 0xff };
    const offer = offerFor([more, own]);
    expect(offer.version).toBe('5.5.5-10.11.19-MariaDB-Tidegate');
    expect(offer.mariadbCapabilities).toBe(MariadbCapability.bulkOperations | MariadbCapability.progress);
    // It would say that there are none.
    expect(mysql.has(offer.capabilities, Capability.longPassword)).toBe(false);
    expect(offerFor([more]).mariadbCapabilities).toBe(mysql.READABLE_MARIADB_CAPABILITIES);
    for (const servers of [[more, null], [more, server('8.4.3')], [MARIADB]]) {
      expect(offerFor(servers).mariadbCapabilities).toBe(0);
      expect(mysql.has(offerFor(servers).capabilities, Capability.longPassword)).toBe(true);
    }
  });

  it('has local files where a resource allows them, for sessions on that one alone', () => {
    const offer = offerFor([MARIADB, null], true);
    const session = agreed({ ...offer, maxPacket: 0, collation: 0 }, offer);
    expect(mysql.has(session.capabilities, Capability.localFiles)).toBe(true);
    expect(allowed(session, { ...resource('a'), allow: { localInfile: true } })).toEqual(session);
    const { capabilities } = allowed(session, resource('a'));
    expect(capabilities).toBe(session.capabilities - Capability.localFiles);
    // Whether it knows them or not: it says no to the statement.
    expect(lacking(session, server('8.4.3', (ALL & ~Capability.localFiles) >>> 0))).toBe('');
  });

  it('is all that counts of what a client says', () => {
    const offer = offerFor([null]);
    const said = { capabilities: ALL, mariadbCapabilities: 7, maxPacket: 0, collation: 0 };
    expect(agreed(said, offer).capabilities & (NEVER | Capability.queryAttributes)).toBe(0);
    expect(agreed(said, offer).mariadbCapabilities).toBe(0);
  });

  it('that a server can not keep is noticed', () => {
    const old = server('5.6.51', (ALL & ~Capability.deprecateEof) >>> 0);
    const session = { capabilities: Capability.deprecateEof | Capability.protocol41, mariadbCapabilities: 4 };
    expect(lacking(session, old)).toBe('deprecateEof, bulkOperations');
  });
});

describe('servers', () => {
  it('are met when their resources become known, and change what is offered', async () => {
    const asked: string[] = [];
    const servers = new Servers(async ({ name }) => {
      asked.push(name);
      return hello(MARIADB);
    });
    servers.resources([resource('a')]);
    expect(servers.offer().version).toBe('8.0.99-Tidegate');
    await vi.waitFor(() => expect(servers.offer().version).toContain('MariaDB'));
    servers.resources([resource('a'), resource('b')]);
    servers.learn('b' as ResourceName, hello(server('8.4.3')));
    expect(servers.offer().version).toBe('8.0.99-Tidegate');
    servers.resources([resource('b')]);
    expect(servers.offer().version).toBe('8.4.3-Tidegate');
    servers.learn('gone' as ResourceName, hello(MARIADB));
    expect(servers.offer().version).toBe('8.4.3-Tidegate');
    expect(asked).toEqual(['a', 'b']);
  });

  it('that cannot be met are asked again, and not once their resource is gone', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let asked = 0;
    const servers = new Servers(async () => {
      asked += 1;
      if (asked < 3) throw new Error('away');
      return hello(server('8.4.3'));
    });
    servers.resources([resource('a')]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(3);
    expect(servers.offer().version).toBe('8.4.3-Tidegate');
    asked = 0;
    servers.resources([resource('b')]);
    await vi.advanceTimersByTimeAsync(0);
    servers.resources([]);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked).toBe(1);
  });

  it('are met by their first packet, without a login', async () => {
    const listener = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write(mysql.packet(0, mysql.handshake(hello(server('8.4.3')))));
    });
    onTestFinished(() => {
      listener.close();
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const gone = once(listener, 'connection').then(([socket]) => once(socket as net.Socket, 'close'));
    expect(await meet(resource('a', port))).toMatchObject({ version: '8.4.3' });
    await gone;
  });
});
