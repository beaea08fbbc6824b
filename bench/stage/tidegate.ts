/** Tidegate as a user runs it (`tidegate start`, an empty home), with one relay worker and the record on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Client, type Connection, createClient } from '@tidegate/contract';
import type { Engine } from '@tidegate/core';
import type { Contestant } from './contestant.ts';
import { freePorts } from './ports.ts';
import { tree } from './processes.ts';
import type { Behind } from './proxies.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PASSWORD = 'bench bench bench';
const PERSON = 'bench';
/** Nobody revokes their own grant: that takes another. */
const KEEPER = 'keeper';

/** The database under control, as its administrator reaches it. */
export interface BenchResource {
  readonly engine: Engine;
  readonly behind: Behind;
  readonly passwordFile: string;
  /** What the resource says of TLS; left out: none. */
  readonly tls?: { readonly mode: 'verify-ca'; readonly ca: string } | { readonly mode: 'disable' };
}

/** Read at once, by anyone in the group; nobody is asked. The bench measures the relay, not people. */
const config = ({ engine, behind, passwordFile, tls = { mode: 'disable' } }: BenchResource): string => `
apiVersion: tidegate/v1
groups: [{name: benchers, members: [${PERSON}]}]
resources:
  - name: bench
    engine: ${engine}
    address: "${behind.host}:${behind.port}"
    databases: [${behind.database}]
    credential: {user: ${behind.user}, file: ${passwordFile}}
    tls: ${JSON.stringify(tls)}
    maxSessionsPerGrant: 4000
roles:
  - {name: reader, privileges: read, duration: {default: 4h, max: 12h}}
policies:
  - {name: at-once, resources: {all: true}, roles: [reader], who: {groups: [benchers]}, reason: {required: false}, approvals: []}
`;

export class RunningTidegate {
  readonly client: Client;
  readonly keeper: Client;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, client: Client, keeper: Client) {
    this.#process = process;
    this.client = client;
    this.keeper = keeper;
  }

  static async start(home: string, resource: BenchResource): Promise<RunningTidegate> {
    const [api, link, postgres] = await freePorts(3);
    const child = spawn(join(root, 'bin/tidegate'), ['start', '--no-demo'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        TIDEGATE_HOME: home,
        TIDEGATE_PORT: String(api),
        TIDEGATE_LINK_PORT: String(link),
        TIDEGATE_POSTGRES_PORT: String(postgres),
        TIDEGATE_MYSQL_PORT: '0',
        TIDEGATE_SQLSERVER_PORT: '0',
        TIDEGATE_RELAY_WORKERS: '1',
      },
    });
    let token = '';
    const ready = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        token = /#token=(\S+)/.exec(line)?.[1] ?? token;
        const url = /^ready\s+(\S+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
      child.once('exit', (code) => reject(new Error(`tidegate start ended with ${String(code)}`)));
    });
    const url = await ready;
    const anonymous = createClient({ url });
    const people = [PERSON, KEEPER].map((name) => ({ name, password: PASSWORD, groups: ['administrators'] }));
    await anonymous.setup({ token, people, config: config(resource) });
    const as = async (user: string): Promise<Client> =>
      anonymous.withToken((await anonymous.login({ user, password: PASSWORD })).token);
    return new RunningTidegate(child, await as(PERSON), await as(KEEPER));
  }

  /** Asks, waits until the grant is active, and gets a ticket. */
  async access(duration: string): Promise<Connection> {
    let request = await this.client.createRequest({ resource: 'bench', role: 'reader', duration, reason: 'bench' });
    while (request.grant?.state === 'scheduled') request = await this.client.request({ id: request.id, wait: 10 });
    return this.client.connect({ resource: 'bench', grant: request.grant?.id });
  }

  /** True when the gateway's spool holds nothing that the control plane does not have. */
  async hasUploaded(): Promise<boolean> {
    const { items } = await this.client.gateways();
    return items.every(({ spool }) => spool === null || spool.oldestAt === null);
  }

  contestant(connection: Connection): Contestant {
    const { host, port, user, password, database } = connection;
    return {
      name: 'tidegate',
      host,
      port,
      user,
      password,
      database,
      pids: () => tree(this.#process.pid ?? 0, 'gateway/src/worker.ts'),
      pidsBehind: () => tree(this.#process.pid ?? 0, 'gateway/src/main.ts'),
      stop: async () => undefined,
    };
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
  }
}
