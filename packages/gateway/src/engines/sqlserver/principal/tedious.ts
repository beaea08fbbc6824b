/** The driver port over tedious: its events as promises, its errors as codes, deadlines of our own. */
import tls from 'node:tls';
import { Connection, type ConnectionConfiguration, Request, TYPES } from 'tedious';
import { type Connect, type DriverConnection, DriverError, type DriverOptions, type Row } from './driver.ts';

export const connectTedious: Connect = async (options) => {
  const connection = new Connection(configuration(options));
  const link = new Link(connection, options);
  await link.connected();
  return link;
};

class Link implements DriverConnection {
  readonly #connection: Connection;
  readonly #options: DriverOptions;
  #tls: string | null = null;
  /** Why we ended it ourselves, while tedious says only that it ended. */
  #reason: DriverError | null = null;
  /** tedious tells a login's refusal without its number; the server's own message has it. */
  #number: number | null = null;
  #told: (() => void) | null = null;

  constructor(connection: Connection, options: DriverOptions) {
    this.#connection = connection;
    this.#options = options;
    connection.on('secure', (channel) => this.#secured(channel));
    connection.on('errorMessage', ({ number }) => {
      this.#number ??= number;
    });
    // Said again by whatever is asked next; without a listener it would end the process.
    connection.on('error', () => this.#told?.());
    connection.on('end', () => this.#told?.());
  }

  get tls(): string | null {
    const { socket } = this.#connection;
    return socket instanceof tls.TLSSocket ? socket.getProtocol() : this.#tls;
  }

  async connected(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#connection.connect((error) => (error === undefined ? resolve() : reject(this.#coded(error))));
    try {
      await promise;
    } catch (error) {
      this.close();
      throw error;
    }
    this.#number = null;
  }

  async query(text: string, values: Readonly<Record<string, string>> = {}): Promise<readonly Row[]> {
    const rows: Row[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request = new Request(text, (error) => (error ? reject(this.#coded(error)) : resolve()));
    request.on('row', (columns: Iterable<{ value: unknown; metadata: { colName: string } }>) => {
      rows.push(Object.fromEntries([...columns].map(({ value, metadata }) => [metadata.colName, value])));
    });
    const named = Object.entries(values);
    for (const [name, value] of named) request.addParameter(name, TYPES.NVarChar, value);
    // tedious stops its own clock at the first byte of an answer; an answer that stalls half way is late as well.
    const deadline = setTimeout(
      () => this.#end(new DriverError('no answer in time', 'deadline')),
      this.#options.answerWithinMs,
    );
    try {
      if (named.length === 0) this.#connection.execSqlBatch(request);
      else this.#connection.execSql(request);
      await promise;
      return rows;
    } finally {
      clearTimeout(deadline);
    }
  }

  onLost(told: () => void): void {
    this.#told = told;
  }

  close(): void {
    this.#told = null;
    this.#connection.close();
  }

  /** Before the password goes: the chain must hold even where the name need not. */
  #secured(channel: tls.TLSSocket): void {
    this.#tls = channel.getProtocol();
    const problem = channel.authorized ? null : (codeIn(channel.authorizationError) ?? 'untrusted');
    const allowed = problem === null || (!this.#options.verifyName && problem === 'ERR_TLS_CERT_ALTNAME_INVALID');
    if (!allowed) this.#end(new DriverError('the certificate is refused', problem));
  }

  #end(reason: DriverError): void {
    this.#reason ??= reason;
    this.#connection.close();
  }

  #coded(error: unknown): DriverError {
    if (this.#reason !== null) return this.#reason;
    const said = error instanceof Error ? error.message : String(error);
    return new DriverError(said, codeOf(error) ?? (this.#number === null ? 'unknown' : String(this.#number)), error);
  }
}

/** Words of tedious for what has a better code further down, or a number in the server's own message. */
const VAGUE = new Set(['ESOCKET', 'ELOGIN', 'EREQUEST']);
const OWN: Readonly<Record<string, string>> = {
  ETIMEOUT: 'connect_timeout',
  EENCRYPT: 'no_tls',
  EFEDAUTH: 'token',
  ECLOSE: 'connection_lost',
};

/**
 * The code that says why. Of several errors, the one about a trigger (3609: the rest are the trigger's own), else the
 * first: what follows it are its consequences.
 */
function codeOf(error: unknown): string | null {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(codeOf).filter((code) => code !== null);
    return codes.includes('3609') ? '3609' : (codes[0] ?? null);
  }
  if (!(error instanceof Error)) return null;
  if ('number' in error && typeof error.number === 'number') return String(error.number);
  const code = codeIn(error);
  if (code !== null && !VAGUE.has(code)) return OWN[code] ?? code;
  const deeper = error.cause === undefined ? null : codeOf(error.cause);
  return deeper ?? (code === 'ESOCKET' ? 'connection_lost' : null);
}

/** Node gives `authorizationError` as the code itself, or as the error. */
function codeIn(error: unknown): string | null {
  if (typeof error === 'string') return error;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return null;
}

function configuration(options: DriverOptions): ConnectionConfiguration {
  const { host, port, database, credential, encryption, verifyName, ca, serverName, connectWithinMs } = options;
  return {
    server: host,
    authentication:
      credential.kind === 'password'
        ? { type: 'default', options: { userName: credential.user, password: credential.password } }
        : { type: 'token-credential', options: { credential: { getToken: () => asToken(credential.token()) } } },
    options: {
      port,
      database,
      appName: 'tidegate gateway',
      encrypt: encryption === 'none' ? false : encryption === 'strict' ? 'strict' : true,
      // The certificate is looked at in `#secured`, before the login goes, where its name need not fit.
      trustServerCertificate: encryption === 'required' && !verifyName,
      cryptoCredentialsDetails: { ...(ca === null ? {} : { ca }), minVersion: 'TLSv1.2' },
      ...(serverName === null ? {} : { serverName }),
      connectTimeout: connectWithinMs,
      requestTimeout: 0,
      // The reconciler tries again, at its own pace.
      maxRetriesOnTransientErrors: 0,
      useColumnNames: false,
    },
  };
}

/** tedious asks for one token at each connect, so its end is nobody's concern. */
const asToken = async (token: Promise<string>) => ({ token: await token, expiresOnTimestamp: 0 });
