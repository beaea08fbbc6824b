/**
 * A control plane of a large company on the embedded store (fsync on), as `tidegate control` runs it: 1,000 rules, 10,000
 * resources, 50,000 people in 5,000 groups. People and past requests are put into the store directly: making them
 * through the API would measure something else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@tidegate/contract';
import { type Cluster, removeCluster, startCluster } from '@tidegate/embedded';
import pg from 'pg';
import { freePorts } from './ports.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PASSWORD = 'bench bench bench';

export const RULES = 1_000;
export const RESOURCES = 10_000;
export const PEOPLE = 50_000;
export const GROUPS = 5_000;

/** Who asks at the same time. Many: a person's requests wait for each other at that person's row. */
export const askers: readonly string[] = Array.from({ length: 16 }, (_, n) => `asker${n}`);

/** Teams of ten resources each; a rule for each team and environment, and the last for everybody. */
export function largeConfig(change = ''): string {
  const resources = Array.from(
    { length: RESOURCES },
    (_, n) =>
      `  - {name: db${n}, engine: postgres, address: "db${n}.example.com:5432", databases: [app], labels: {team: t${n % 500}, env: ${n % 2 === 0 ? 'prod' : 'dev'}}, owners: [g${n % GROUPS}], credential: {user: admin, env: PASSWORD}}`,
  );
  const rules = Array.from({ length: RULES - 1 }, (_, n) => {
    const labels = `{team: t${n % 500}, env: ${n < 500 ? 'prod' : 'dev'}}`;
    return `  - {name: rule${n}, resources: {labels: ${labels}}, roles: [reader, editor], who: {groups: [g${n}, g${n + 1000}]}, when: 'request.duration <= duration("4h")', approvals: [{from: {groups: [g${n + 2000}, leads]}}]}`;
  });
  const groups = Array.from({ length: GROUPS }, (_, n) => `  - {name: g${n}}`);
  return `apiVersion: tidegate/v1
groups:
  - {name: leads}
  - {name: everybody}
${groups.join('\n')}
resources:
${resources.join('\n')}
policies:
${rules.join('\n')}
  - {name: last, resources: {all: true}, roles: [reader], who: {groups: [everybody]}, reason: {required: false}, approvals: [{from: {groups: [leads]}}]}
${change}`;
}

export class DecidingStage {
  readonly url: string;
  readonly folder: string;
  readonly #cluster: Cluster;
  readonly #process: ChildProcess;
  readonly #clients = new Map<string, Client>();

  private constructor(url: string, folder: string, cluster: Cluster, process: ChildProcess) {
    this.url = url;
    this.folder = folder;
    this.#cluster = cluster;
    this.#process = process;
  }

  static async set(progress: (text: string) => void): Promise<DecidingStage> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-deciding-'));
    chmodSync(folder, 0o711);
    const cluster = await startCluster({ name: 'store', dataDir: join(folder, 'store') });
    const [api, link] = await freePorts(2);
    const child = spawn(join(root, 'bin/tidegate'), ['control'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        TIDEGATE_HOME: join(folder, 'home'),
        TIDEGATE_PORT: String(api),
        TIDEGATE_LINK_PORT: String(link),
        TIDEGATE_DATABASE_URL: cluster.url('postgres'),
        TIDEGATE_LOG_LEVEL: 'warn',
      },
    });
    let token = '';
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        token = /#token=(\S+)/.exec(line)?.[1] ?? token;
        const found = /^ready\s+(\S+)/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) => reject(new Error(`tidegate control ended with ${String(code)}`)));
    });
    const stage = new DecidingStage(url, folder, cluster, child);
    progress('people, groups, resources and rules …');
    const groupsOf: Readonly<Record<string, readonly string[]>> = { admin: ['administrators'], lead: ['leads'] };
    const people = ['admin', 'lead', 'asker', ...askers].map((name) => ({
      name,
      password: PASSWORD,
      groups: [...(groupsOf[name] ?? ['everybody', 'g1', 'g7'])],
    }));
    await createClient({ url, timeoutMs: 120_000 }).setup({ token, people });
    await stage.sql(`
      INSERT INTO people (name, password, created_at) SELECT 'p' || n, NULL, now() FROM generate_series(1, ${PEOPLE}) n;
      INSERT INTO group_members (group_name, person, source)
        SELECT 'g' || ((n * 7 + k * 131) % ${GROUPS}), 'p' || n, 'scim' FROM generate_series(1, ${PEOPLE}) n, generate_series(0, 2) k
        ON CONFLICT DO NOTHING;
      INSERT INTO group_members (group_name, person, source) SELECT 'leads', 'p' || n, 'scim' FROM generate_series(1, 200) n;
      ANALYZE;`);
    await (await stage.as('admin')).applyConfig({ yaml: largeConfig() });
    return stage;
  }

  async as(user: string): Promise<Client> {
    const known = this.#clients.get(user);
    if (known !== undefined) return known;
    const nobody = createClient({ url: this.url, timeoutMs: 120_000 });
    const client = nobody.withToken((await nobody.login({ user, password: PASSWORD })).token);
    this.#clients.set(user, client);
    return client;
  }

  async sql(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#cluster.url('postgres') });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }

  async strike(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
    await this.#cluster.stop();
    await removeCluster(join(this.folder, 'store'));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
