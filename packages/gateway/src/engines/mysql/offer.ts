/**
 * What the gateway's first packet says to a client, before anybody knows which server it wants.
 *
 * A session is relayed byte for byte, so both of its ends must read packets alike: what a client agrees on with the
 * gateway is what the gateway must agree on with the real server. But the client has chosen, by what it was offered,
 * before it has said who it is. So only that is offered which every server can keep that could be meant: MySQL 5.7 and
 * later, and MariaDB 10.2 and later, have all of `EVERYWHERE`. What not all of them have (query attributes: MySQL 8.0.23
 * and later; MariaDB's own flags, such as bulk executions) is offered while all resources of the gateway are known to
 * have it (`servers.ts`). A server that turns out to lack what was promised is not spoken to: the client gets a clear
 * error, and is offered less when it comes again.
 *
 * LOCAL INFILE changes no packet, it permits: with it a server may read any file of the client's. It is offered while one
 * of the resources allows it, and agreed on with the server of such a one alone (`allowed`). Any other server refuses the
 * statement itself, and the session goes on.
 *
 * Never offered: compression and zstd (the record reads what passes), optional metadata and flags not known here (they
 * change the meaning of packets).
 */
import { mysql } from '@tidegate/wire';
import type { RelayResource } from '../../worker-protocol.ts';

const { Capability } = mysql;

/** About the login alone, each end for itself; `longPassword` says only "not MariaDB's own flags". */
const LOGIN =
  Capability.longPassword |
  Capability.connectWithDatabase |
  Capability.ssl |
  Capability.secureConnection |
  Capability.pluginAuth |
  Capability.connectAttributes |
  Capability.pluginAuthLengthEncoded;

/** About the session, and kept by every server. */
const EVERYWHERE =
  Capability.foundRows |
  Capability.longFlag |
  Capability.noSchema |
  Capability.odbc |
  Capability.ignoreSpace |
  Capability.protocol41 |
  Capability.interactive |
  Capability.ignoreSigpipe |
  Capability.transactions |
  Capability.reserved |
  Capability.multiStatements |
  Capability.multiResults |
  Capability.preparedMultiResults |
  Capability.canHandleExpiredPasswords |
  Capability.sessionTrack |
  Capability.deprecateEof;

/** What servers differ in. */
const SOMEWHERE = Capability.queryAttributes;

/** What the first packet says; the rest of it is of the one connection. */
export interface Offer {
  readonly version: string;
  readonly capabilities: number;
  readonly mariadbCapabilities: number;
}

/** The flags that both ends of a session have set, those of the login alone left out. */
export type Agreement = Pick<Offer, 'capabilities' | 'mariadbCapabilities'>;

/** The part of a server's first packet that offers are made of. */
export type ServerTraits = Offer;

/**
 * Clients go by the version's text in what SQL they send (Connector/J asks a server before 8.0.3 for `@@query_cache_size`,
 * which MySQL 8 does not have, and one from there on for `@@transaction_isolation`, which MariaDB has since 11.1). No text
 * suits both. While nothing is known, or servers differ in flavour, it is that of a MySQL 8.0: new enough for every flag
 * offered, and not 8.4, which some clients take for one without `mysql_native_password`.
 */
const ANY_SERVER = '8.0.99-Tidegate';

/**
 * What can be promised on behalf of all of `servers`; null among them stands for one that is not known yet.
 * `localFiles`: one of them may ask for files.
 */
export function offerFor(servers: readonly (ServerTraits | null)[], localFiles = false): Offer {
  const known = servers.filter((server) => server !== null);
  const [first] = known;
  const permitted = localFiles ? Capability.localFiles : 0;
  if (first === undefined || known.length < servers.length) {
    return { version: ANY_SERVER, capabilities: unsigned(LOGIN | EVERYWHERE | permitted), mariadbCapabilities: 0 };
  }
  const all = known.reduce((kept, { capabilities }) => kept & capabilities, SOMEWHERE);
  const flavours = new Set(known.map(({ version }) => mysql.flavourOf(version)));
  const oldest = known.reduce((old, server) => (older(server.version, old.version) ? server : old), first);
  const readable = flavours.has('mysql') ? 0 : mysql.READABLE_MARIADB_CAPABILITIES;
  const own = known.reduce((kept, { mariadbCapabilities }) => kept & mariadbCapabilities, readable);
  const capabilities = unsigned(LOGIN | EVERYWHERE | permitted | all);
  return {
    version: flavours.size === 1 ? `${oldest.version}-Tidegate` : ANY_SERVER,
    // The flag says "no flags of MariaDB's own".
    capabilities: own === 0 ? capabilities : unsigned(capabilities & ~Capability.longPassword),
    mariadbCapabilities: unsigned(own),
  };
}

/** By the numbers in them; `5.5.5-` is what MariaDB 10 put in front for old replicas. */
function older(one: string, other: string): boolean {
  const numbers = (version: string) => version.replace(/^5\.5\.5-/, '').split(/[^0-9]+/, 3);
  const [a, b] = [numbers(one), numbers(other)];
  for (let i = 0; i < 3; i++) {
    const difference = Number(a[i] ?? 0) - Number(b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** What a client agreed on for its session: what it asked for and was offered. */
export function agreed({ capabilities, mariadbCapabilities }: mysql.ResponsePrefix, offer: Offer): Agreement {
  return {
    capabilities: unsigned(capabilities & offer.capabilities & ~LOGIN),
    mariadbCapabilities: unsigned(mariadbCapabilities & offer.mariadbCapabilities),
  };
}

/** The same for a session on this resource. */
export function allowed({ capabilities, mariadbCapabilities }: Agreement, { allow }: RelayResource): Agreement {
  const refused = allow.localInfile ? 0 : Capability.localFiles;
  return { capabilities: unsigned(capabilities & ~refused), mariadbCapabilities };
}

/** What the client was promised and this server can not keep, by name, for the operator; empty: nothing. */
export function lacking(session: Agreement, server: ServerTraits): string {
  const { localFiles } = Capability; // a server without it says no to the statement
  return [
    ...namesOf(Capability, session.capabilities & ~server.capabilities & ~localFiles),
    ...namesOf(mysql.MariadbCapability, session.mariadbCapabilities & ~server.mariadbCapabilities),
  ].join(', ');
}

const namesOf = (all: Readonly<Record<string, number>>, flags: number): string[] =>
  Object.entries(all).flatMap(([name, flag]) => (mysql.has(flags, flag) ? [name] : []));

/** How the gateway itself logs in at a server for this session: with what that has agreed on, and what logins take. */
export function loginFlags(session: Agreement, server: ServerTraits, secure: boolean, named: boolean): number {
  const wanted =
    session.capabilities |
    (session.mariadbCapabilities === 0 ? Capability.longPassword : 0) |
    Capability.protocol41 |
    Capability.secureConnection |
    Capability.pluginAuth |
    (server.capabilities & (Capability.connectAttributes | Capability.pluginAuthLengthEncoded)) |
    (secure ? Capability.ssl : 0) |
    (named ? Capability.connectWithDatabase : 0);
  return unsigned(wanted);
}

const unsigned = (flags: number): number => flags >>> 0;
