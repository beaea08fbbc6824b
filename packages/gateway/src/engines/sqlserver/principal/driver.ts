/**
 * All that the administrator's side asks of a TDS driver. Small, so that the exact statements can be held in tests
 * against a scripted port, and the same code runs against a real server (`npm run verify:sqlserver`).
 */

/** How the server is spoken to; `required` is TLS inside TDS 7.4's prelogin, `strict` TDS 8.0's TLS first. */
export type Encryption = 'strict' | 'required' | 'none';

/** How the administrator proves who it is. */
export type Credential =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** Entra ID: a token for `https://database.windows.net/.default`, asked for at each connect. */
  | { readonly kind: 'token'; readonly token: () => Promise<string> };

export interface DriverOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly credential: Credential;
  readonly encryption: Encryption;
  /** The certificate is always verified; false: its name is not (only where encryption is `required`). */
  readonly verifyName: boolean;
  /** PEM; null: the system's authorities. */
  readonly ca: string | null;
  /** The name in the certificate; null: the host's. */
  readonly serverName: string | null;
  /** For all of it: socket, TLS, login. */
  readonly connectWithinMs: number;
  /** For one batch with all its rows; a connection that is late is closed. */
  readonly answerWithinMs: number;
}

/** A row by column name: for whoever asked to check. */
export type Row = Readonly<Record<string, unknown>>;

export interface DriverConnection {
  /** TLS version; null: without. */
  readonly tls: string | null;
  /**
   * One batch. With values it is parameterised (`@name`, all nvarchar). Rows of all its results, in order.
   *
   * @throws DriverError, after which the connection must not be used again
   */
  query(text: string, values?: Readonly<Record<string, string>>): Promise<readonly Row[]>;
  /** Called once when the connection is lost while idle. */
  onLost(told: () => void): void;
  /** Ends it at once. */
  close(): void;
}

export type Connect = (options: DriverOptions) => Promise<DriverConnection>;

/** The server's error number as text, errno, OpenSSL's code, or a word of ours. */
export class DriverError extends Error {
  /** The one that says why, if there are several. */
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DriverError';
    this.code = code;
  }
}
