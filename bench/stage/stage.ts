/** What all parts of the bench stand on: one PostgreSQL with pgbench's tables, and every contestant before it. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, removeCluster, startCluster } from '@tidegate/embedded';
import pg from 'pg';
import { type CertificateFiles, certificate, ownedBy } from './certificate.ts';
import type { Contestant } from './contestant.ts';
import { pgbenchPath } from './pgbench.ts';
import { freePorts } from './ports.ts';
import { type Behind, startHaproxy, startPgbouncer } from './proxies.ts';
import { run } from './run.ts';
import { settle } from './settle.ts';
import { RunningTidegate } from './tidegate.ts';

const DATABASE = 'bench';
/** pgbench's scale: 100,000 accounts each, all in memory. */
const SCALE = '10';
/** Who reads where Tidegate is not in between, and the group that lets them, as a principal's role does. */
const READER = 'reader';
const READERS = 'readers';

export class Stage {
  readonly folder: string;
  readonly tidegate: RunningTidegate;
  readonly #cluster: Cluster;
  readonly #plain: readonly Contestant[];
  readonly #tls: readonly Contestant[];

  private constructor(
    folder: string,
    cluster: Cluster,
    tidegate: RunningTidegate,
    plain: readonly Contestant[],
    tls: readonly Contestant[],
  ) {
    this.folder = folder;
    this.#cluster = cluster;
    this.tidegate = tidegate;
    this.#plain = plain;
    this.#tls = tls;
  }

  static async set(): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
    const tls = await certificate(folder);
    chmodSync(folder, 0o755);
    const cluster = await startTlsCluster(folder, tls);
    const behind: Behind = {
      host: '127.0.0.1',
      port: cluster.port,
      user: cluster.user,
      password: cluster.password,
      database: DATABASE,
    };
    // Whoever reads is nobody special: a superuser's statements are not checked for privileges, and would come cheaper
    // than those of Tidegate's principals.
    const ordinary: Behind = { ...behind, user: READER, password: randomBytes(16).toString('hex') };
    const direct: Contestant = {
      ...ordinary,
      name: 'direct',
      pids: () => [],
      pidsBehind: () => [],
      stop: async () => undefined,
    };
    const env = {
      ...process.env,
      PGHOST: behind.host,
      PGPORT: String(behind.port),
      PGUSER: behind.user,
      PGPASSWORD: behind.password,
    };
    const sql = async (...texts: readonly string[]): Promise<void> => {
      for (const text of texts) await run('psql', ['-X', '-q', '-d', DATABASE, '-c', text], { env });
    };
    await run(pgbenchPath(), ['-i', '-q', '-s', SCALE, DATABASE], { env });
    await sql(
      'CREATE TABLE million AS SELECT n AS id, md5(n::text) AS hash, n * 1.5 AS amount, now() AS at FROM generate_series(1, 1000000) n',
      'VACUUM ANALYZE million',
      `CREATE ROLE ${READERS} NOLOGIN`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${READERS}`,
    );
    await makeReader(behind, ordinary);

    const [haproxyPort = 0, bouncerPort = 0, bouncerTlsPort = 0] = await freePorts(3);
    const haproxy = await startHaproxy({ folder, port: haproxyPort, behind: ordinary, tls: null });
    const bouncer = await startPgbouncer({ folder, port: bouncerPort, behind: ordinary, tls: null });
    const bouncerTls = await startPgbouncer({ folder, port: bouncerTlsPort, behind: ordinary, tls });
    const tidegate = await RunningTidegate.start(join(folder, 'home'), {
      engine: 'postgres',
      behind,
      passwordFile: cluster.passwordFile,
    });
    const through = tidegate.contestant(await tidegate.access('PT12H'));
    return new Stage(
      folder,
      cluster,
      tidegate,
      [direct, haproxy, bouncer, through],
      [direct, haproxy, bouncerTls, through],
    );
  }

  /** Direct first, Tidegate last. With TLS, haproxy passes it through to the database; the others end it themselves. */
  contestants(tls: boolean): readonly Contestant[] {
    return tls ? this.#tls : this.#plain;
  }

  settle(): Promise<void> {
    return settle(this.tidegate);
  }

  async strike(): Promise<void> {
    await this.tidegate.stop();
    await Promise.all([...new Set([...this.#plain, ...this.#tls])].map((contestant) => contestant.stop()));
    await this.#cluster.stop('immediate');
    await removeCluster(join(this.folder, 'cluster'));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Started twice: only a running server shows which user it runs as, and that user must own the key. */
async function startTlsCluster(folder: string, tls: CertificateFiles): Promise<Cluster> {
  const options = {
    name: 'bench',
    dataDir: join(folder, 'cluster'),
    databases: [DATABASE],
    listen: { host: '127.0.0.1', port: 0 },
    settings: { max_connections: '2300', shared_buffers: '512MB' },
  };
  const first = await startCluster(options);
  const own = ownedBy(tls, first.pid);
  await first.stop();
  const settings = { ...options.settings, ssl: 'on', ssl_cert_file: own.cert, ssl_key_file: own.key };
  return startCluster({ ...options, settings });
}

/** By a connection, so that the password stands in no command line. */
async function makeReader(administrator: Behind, { user, password }: Behind): Promise<void> {
  const client = new pg.Client({ ...administrator, ssl: false });
  await client.connect();
  try {
    await client.query(`CREATE ROLE ${user} LOGIN PASSWORD ${client.escapeLiteral(password)} IN ROLE ${READERS}`);
  } finally {
    await client.end();
  }
}
