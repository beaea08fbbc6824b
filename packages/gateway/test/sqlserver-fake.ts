/**
 * The driver port, played by as much of SQL Server as Tidegate's statements touch: users, logins, permissions, ownership,
 * sessions, with the server's own error numbers and its transactions. It knows exactly the statements that it is sent and
 * refuses every other, so a statement that changes changes here too. It is not SQL Server: `npm run verify:sqlserver`
 * holds the same statements against one.
 */
import {
  type Connect,
  type DriverConnection,
  DriverError,
  type Row,
} from '../src/engines/sqlserver/principal/driver.ts';

export interface FakeUser {
  id: number;
  authentication: 1 | 2;
  password: string | null;
  modified: number;
  mark: string | null;
  roles: string[];
  granted: string[];
  denied: string[];
}

export interface FakePermission {
  class: number;
  state: 'G' | 'W' | 'D' | 'R';
  permission: string;
  grantee: string;
  grantor: string;
  schema: string | null;
  name: string | null;
  column: string | null;
}

export interface FakeDatabase {
  contained: boolean;
  trustworthy: boolean;
  readOnly: boolean;
  users: Record<string, FakeUser>;
  roles: Record<string, { tooMuch: boolean }>;
  owned: { word: string; schema: string | null; name: string; owner: string }[];
  permissions: FakePermission[];
  /** Modules that run as a user. */
  modules: { schema: string; name: string; as: string }[];
  /** DDL triggers that roll back whatever they see. */
  triggers: string[];
  /** What the administrator has there. */
  dbOwner: boolean;
  killer: boolean;
}

export interface FakeLogin {
  sid: string;
  disabled: boolean;
  password: string;
  modified: number;
}

interface State {
  databases: Record<string, FakeDatabase>;
  logins: Record<string, FakeLogin>;
}

interface FakeSession {
  readonly id: number;
  /** As `original_login_name` and `original_security_id` show it. */
  readonly login: string;
  readonly sid: string;
  readonly database: string;
  /** Comes back after that many KILLs: a rollback that takes its time. */
  stubborn: number;
}

export const ADMIN = 'tidegate_admin';

export function database(changes: Partial<FakeDatabase> = {}): FakeDatabase {
  return {
    contained: true,
    trustworthy: false,
    readOnly: false,
    dbOwner: true,
    killer: true,
    users: {},
    roles: {},
    owned: [],
    permissions: [],
    modules: [],
    triggers: [],
    ...changes,
  };
}

const sidOf = (id: number) => `0x01050000${id.toString(16).toUpperCase().padStart(8, '0')}`;

/** As the driver gives them. */
const bytesOf = (sid: string) => Buffer.from(sid.slice(2), 'hex');

/** Number of an error and words that no code of ours may look at. */
const refused = (number: number, said = 'Nachricht in einer anderen Sprache') => new DriverError(said, String(number));

export class FakeServer {
  edition = 3;
  version = '16.0.1000.6';
  containedLogins = true;
  serverRights = { logins: true, views: true, kills: true };
  state: State;
  sessions: FakeSession[] = [];
  /** A contained user's sessions are shown with its SID for a name. */
  showsSids = false;
  /** Each batch that was sent: who, where, what. */
  readonly log: { database: string; as: 'self' | 'dbo'; text: string }[] = [];
  /** Called before each batch; throws what the network would. */
  onBatch: (text: string) => void = () => undefined;
  /** Called after each batch was done and before its answer is heard. */
  afterBatch: (text: string) => void = () => undefined;
  connects: Parameters<Connect>[0][] = [];
  #clock = 0;
  #ids = 50;

  constructor(databases: Record<string, FakeDatabase>) {
    this.state = { databases: { ...databases, master: database({ contained: false }) }, logins: {} };
  }

  get azure(): boolean {
    return this.edition === 5;
  }

  database(name: string): FakeDatabase {
    const found = this.state.databases[name];
    if (found === undefined) throw refused(4060);
    return found;
  }

  user(name: string, where: string): FakeUser | null {
    return this.database(where).users[name] ?? null;
  }

  connect: Connect = async (options) => {
    this.connects.push(options);
    this.database(options.database);
    return new FakeConnection(this, options.database);
  };

  /** As the relay would, with the principal's own password. Throws 18456 as the server does. */
  login(name: string, password: string, where: string): number {
    const user = this.user(name, where);
    const login = this.state.logins[name];
    const known = user?.authentication === 2 ? user.password : login?.disabled === false ? login.password : null;
    if (user === null || known !== password || user.denied.includes('CONNECT') || !user.granted.includes('CONNECT')) {
      throw refused(18456);
    }
    const shown = this.showsSids && user.authentication === 2 ? sidOf(user.id) : name;
    const session = { id: this.nextId(), login: shown, sid: sidOf(user.id), database: where, stubborn: 0 };
    this.sessions.push(session);
    return session.id;
  }

  /** Changes alone, in words: what was sent that is no SELECT and no setting. */
  changes(): string[] {
    return this.log
      .filter(({ text }) => !/^(SET |SELECT |EXECUTE AS)/.test(text))
      .map(({ database: where, as, text }) => `${where} (${as}): ${text}`);
  }

  tick(): number {
    this.#clock += 1;
    return this.#clock;
  }

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }
}

class FakeConnection implements DriverConnection {
  readonly tls = 'TLSv1.3';
  readonly #server: FakeServer;
  readonly #database: string;
  #dbo = false;
  #closed = false;

  constructor(server: FakeServer, where: string) {
    this.#server = server;
    this.#database = where;
  }

  async query(text: string, values: Readonly<Record<string, string>> = {}): Promise<readonly Row[]> {
    if (this.#closed) throw new DriverError('closed', 'connection_lost');
    const server = this.#server;
    server.log.push({ database: this.#database, as: this.#dbo ? 'dbo' : 'self', text });
    server.onBatch(text);
    const rows = this.#answer(text, values.name ?? '');
    server.afterBatch(text);
    return rows;
  }

  onLost(): void {
    // A fake is never lost while idle.
  }

  close(): void {
    this.#closed = true;
  }

  #answer(text: string, name: string): Row[] {
    if (text.startsWith('EXECUTE AS USER')) {
      if (!this.#server.database(this.#database).dbOwner) throw refused(15517);
      this.#dbo = true;
      return [];
    }
    if (text.startsWith('SET ') || text.startsWith('SELECT ')) return this.#read(text, name);
    const before = structuredClone(this.#server.state);
    try {
      const statements = text.split(';\n').filter((each) => !/^(BEGIN|COMMIT) TRANSACTION$/.test(each));
      for (const statement of statements) this.#change(statement);
    } catch (error) {
      this.#server.state = before; // XACT_ABORT
      throw error;
    }
    return [];
  }

  #read(text: string, name: string): Row[] {
    const server = this.#server;
    const here = server.database(this.#database);
    const user = here.users[name] ?? null;
    const has = (fragment: string) => text.includes(fragment);
    if (has('EngineEdition')) {
      const { edition, version } = server;
      return [{ edition, version, administrator: ADMIN, updateability: here.readOnly ? 'READ_ONLY' : 'READ_WRITE' }];
    }
    if (has('contained database authentication')) {
      const logins = server.containedLogins ? 1 : 0;
      return [{ containment: here.contained ? 1 : 0, trustworthy: here.trustworthy, logins }];
    }
    if (has('sys.dm_exec_sessions')) {
      if (this.#dbo) throw refused(300); // a database's own user sees no server
      const sees = server.azure ? here.killer : server.serverRights.views;
      const there = server.sessions.filter((each) => !server.azure || each.database === this.#database);
      const seen = there.filter(({ login, sid }) => login === name || text.includes(sid));
      return sees && seen.length > 0 ? seen.map(({ id }) => ({ sees, id })) : [{ sees, id: null }];
    }
    if (has('FROM sys.sql_logins l WHERE SUBSTRING')) {
      return Object.entries(server.state.logins)
        .filter(([, { sid }]) => sid.startsWith('0x5449444547415445'))
        .map(([login, { sid }]) => ({ name: login, sid: bytesOf(sid) }));
    }
    if (has('FROM sys.sql_logins')) {
      const login = server.state.logins[name];
      return login === undefined
        ? []
        : [{ sid: bytesOf(login.sid), disabled: login.disabled, modified: String(login.modified) }];
    }
    if (has('authentication_type')) {
      if (user === null) return [];
      const { id, authentication, modified, mark } = user;
      return [{ sid: bytesOf(sidOf(id)), authentication, modified: String(modified), mark }];
    }
    if (has('sys.database_role_members')) {
      if (user === null) return [];
      const permission = (state: string) => (each: string) => ({ what: 'permission', name: each, state });
      return [
        ...user.roles.map((role) => ({ what: 'role', name: role, state: null })),
        ...user.granted.map(permission('G')),
        ...user.denied.map(permission('D')),
      ];
    }
    if (has('e.value) LIKE')) {
      return Object.entries(here.users).flatMap(([each, { mark }]) => (mark === null ? [] : [{ name: each, mark }]));
    }
    if (has('AS word')) {
      return here.owned
        .filter(({ owner }) => owner === name)
        .map(({ word, schema, name: thing }) => ({ word, schema, name: thing }));
    }
    if (has('AS by_it')) {
      return here.permissions
        .filter((each) => each.grantor === name || owns(here, name, each))
        .map(({ grantor, ...rest }) => ({ ...rest, by_it: grantor === name }));
    }
    if (has('sys.sql_modules')) {
      return here.modules
        .filter((each) => each.as === name)
        .map(({ schema, name: module }) => ({ schema, name: module }));
    }
    if (has('sys.triggers')) return here.triggers.map((trigger) => ({ name: trigger }));
    if (has('ALTER ANY LOGIN')) return [server.serverRights];
    if (has('KILL DATABASE CONNECTION')) return [{ owner: here.dbOwner, views: here.killer, kills: here.killer }];
    if (has('AS too_much')) {
      const role = here.roles[name];
      return role === undefined ? [] : [{ type: 'R', too_much: role.tooMuch }];
    }
    throw new Error(`the fake does not know this question: ${text}`);
  }

  #change(statement: string): void {
    for (const [pattern, act] of CHANGES) {
      const match = pattern.exec(statement);
      if (match === null) continue;
      const parts = match.slice(1).map((part) => (part ?? '').replaceAll(']]', ']').replaceAll("''", "'"));
      const onServer = /^(CREATE|ALTER|DROP) LOGIN|^KILL/.test(statement);
      // What changes a database is done as dbo for good, so that an owner's trigger gains nothing; what needs the server is not.
      if (onServer === this.#dbo) throw new Error(`as ${this.#dbo ? 'dbo' : 'the administrator'}: ${statement}`);
      if (!onServer && this.#server.database(this.#database).triggers.length > 0) throw refused(3609);
      act(this.#server, this.#server.database(this.#database), parts);
      return;
    }
    throw refused(102, `the fake does not know this statement: ${statement}`);
  }
}

const owns = (here: FakeDatabase, name: string, each: FakePermission) =>
  here.owned.some((thing) => thing.owner === name && thing.name === each.name && thing.schema === each.schema);

type Act = (server: FakeServer, here: FakeDatabase, parts: readonly string[]) => void;

const NAME = String.raw`\[((?:[^\]]|\]\])+)\]`;
const TEXT = "N'((?:[^']|'')*)'";
const ON = String.raw`(?: ON (OBJECT|SCHEMA|TYPE)::(?:${NAME}\.)?${NAME}(?: \(${NAME}\))?)?`;
const one = (text: string) => new RegExp(`^${text}$`);

/** Three of four kinds, as Windows' policy and Azure have it. */
const isWeak = (password: string) =>
  [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length < 3;

function make(server: FakeServer, here: FakeDatabase, name: string, password: string | null): void {
  if (here.users[name] !== undefined) throw refused(15023);
  const authentication = password === null ? 1 : 2;
  const made = { id: server.nextId(), authentication, password, modified: server.tick(), mark: null } as const;
  here.users[name] = { ...made, roles: [], granted: ['CONNECT'], denied: [] };
}

function known(here: FakeDatabase, name: string): FakeUser {
  const user = here.users[name];
  if (user === undefined) throw refused(15151);
  return user;
}

const CLASSES: Readonly<Record<string, number>> = { '': 0, OBJECT: 1, SCHEMA: 3, TYPE: 6 };

function permit(here: FakeDatabase, state: 'G' | 'W' | 'D', parts: readonly string[]): void {
  const [permission = '', word = '', schema = '', name = '', column = '', grantee = ''] = parts;
  const user = here.users[grantee];
  if (word === '' && user !== undefined) {
    const [to, from] = state === 'D' ? [user.denied, user.granted] : [user.granted, user.denied];
    if (!to.includes(permission)) to.push(permission);
    if (from.includes(permission)) from.splice(from.indexOf(permission), 1);
    return;
  }
  const given = { class: CLASSES[word] ?? -1, state, permission, grantee, grantor: 'dbo' };
  here.permissions.push({ ...given, schema: schema || null, name: name || null, column: column || null });
}

const CHANGES: readonly (readonly [RegExp, Act])[] = [
  [
    one(`CREATE USER ${NAME} FOR LOGIN ${NAME} WITH DEFAULT_SCHEMA = \\[dbo\\]`),
    (server, here, [name = '', login = '']) => {
      if (server.state.logins[login] === undefined) throw refused(15007);
      make(server, here, name, null);
    },
  ],
  [
    one(`CREATE USER ${NAME} WITH PASSWORD = ${TEXT}, DEFAULT_SCHEMA = \\[dbo\\]`),
    (server, here, [name = '', password = '']) => {
      if (!here.contained && !server.azure) throw refused(33233);
      if (isWeak(password)) throw refused(40632, `not complex enough: ${password}`);
      make(server, here, name, password);
    },
  ],
  [
    one(`ALTER USER ${NAME} WITH PASSWORD = ${TEXT}`),
    (server, here, [name = '', password = '']) => {
      Object.assign(known(here, name), { password, modified: server.tick() });
    },
  ],
  [
    one(
      `EXEC sys.sp_(add|update)extendedproperty @name = N'tidegate', @value = ${TEXT}, @level0type = N'USER', @level0name = ${TEXT}`,
    ),
    (_server, here, [how, mark = '', name = '']) => {
      const user = known(here, name);
      if (how === 'add' && user.mark !== null) throw refused(15233);
      if (how === 'update' && user.mark === null) throw refused(15217);
      user.mark = mark;
    },
  ],
  [
    one(`ALTER ROLE ${NAME} (ADD|DROP) MEMBER ${NAME}`),
    (_server, here, [role = '', how, name = '']) => {
      const user = known(here, name);
      if (!role.startsWith('db_') && here.roles[role] === undefined) throw refused(15151);
      user.roles = [...user.roles.filter((each) => each !== role), ...(how === 'ADD' ? [role] : [])];
    },
  ],
  [
    one(`DROP USER IF EXISTS ${NAME}`),
    (_server, here, [name = '']) => {
      if (here.owned.some(({ owner }) => owner === name)) throw refused(15138);
      if (here.modules.some((each) => each.as === name)) throw refused(15136);
      if (here.permissions.some(({ grantor }) => grantor === name)) throw refused(15284);
      delete here.users[name];
      here.permissions = here.permissions.filter(({ grantee }) => grantee !== name);
    },
  ],
  [
    one(`ALTER AUTHORIZATION ON ([A-Z ]+)::(?:${NAME}\\.)?${NAME} TO ${NAME}`),
    (_server, here, [word, schema = '', name = '', heir = '']) => {
      const thing = here.owned.find(
        (each) => each.word === word && each.name === name && (each.schema ?? '') === schema,
      );
      if (thing === undefined) throw refused(15151);
      thing.owner = heir;
      here.permissions = here.permissions.filter((each) => each.name !== name || (each.schema ?? '') !== schema);
    },
  ],
  [
    one(`REVOKE ([A-Z ]+?)${ON} FROM ${NAME} CASCADE AS ${NAME}`),
    (_server, here, [permission, word = '', schema = '', name = '', column = '', grantee, grantor]) => {
      const same = (each: FakePermission) =>
        each.permission === permission &&
        each.class === CLASSES[word] &&
        (each.schema ?? '') === schema &&
        (each.name ?? '') === name &&
        (each.column ?? '') === column &&
        each.grantee === grantee &&
        each.grantor === grantor;
      here.permissions = here.permissions.filter((each) => !same(each));
    },
  ],
  [one(`GRANT ([A-Z ]+?)${ON} TO ${NAME}`), (_server, here, parts) => permit(here, 'G', parts)],
  [one(`GRANT ([A-Z ]+?)${ON} TO ${NAME} WITH GRANT OPTION`), (_server, here, parts) => permit(here, 'W', parts)],
  [one(`DENY ([A-Z ]+?)${ON} TO ${NAME}`), (_server, here, parts) => permit(here, 'D', parts)],
  [
    one(
      `CREATE LOGIN ${NAME} WITH PASSWORD = ${TEXT}, SID = (0x[0-9A-F]{32}), DEFAULT_DATABASE = ${NAME}, CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF`,
    ),
    (server, _here, [name = '', password = '', sid = '']) => {
      if (server.state.logins[name] !== undefined) throw refused(15025);
      server.state.logins[name] = { sid, disabled: false, password, modified: server.tick() };
    },
  ],
  [
    one(`ALTER LOGIN ${NAME} (ENABLE|DISABLE)`),
    (server, _here, [name = '', how]) => {
      const login = server.state.logins[name];
      if (login === undefined) throw refused(15151);
      Object.assign(login, { disabled: how === 'DISABLE', modified: server.tick() });
    },
  ],
  [
    one(`ALTER LOGIN ${NAME} WITH PASSWORD = ${TEXT}`),
    (server, _here, [name = '', password]) => {
      const login = server.state.logins[name];
      if (login === undefined) throw refused(15151);
      Object.assign(login, { password, modified: server.tick() });
    },
  ],
  [
    one(`DROP LOGIN ${NAME}`),
    (server, _here, [name = '']) => {
      if (server.state.logins[name] === undefined) throw refused(15151);
      if (server.sessions.some(({ login }) => login === name)) throw refused(15434);
      delete server.state.logins[name];
    },
  ],
  [
    one('KILL (\\d+)'),
    (server, _here, [id]) => {
      const session = server.sessions.find((each) => each.id === Number(id));
      if (session === undefined) throw refused(6106);
      session.stubborn -= 1;
      if (session.stubborn < 0) server.sessions = server.sessions.filter((each) => each !== session);
    },
  ],
];
