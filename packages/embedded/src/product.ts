/** What tells one database server from another, to the parts that are the same for all of them. */
export interface Product {
  /** For messages. */
  readonly name: string;
  /** Whom it runs as when we are root, in order of preference; see account.ts. */
  readonly accounts: readonly string[];
  /** The server's program, as the kernel names it. */
  readonly program: string;
  /** In the data folder, written by the server: the first line is its process id. */
  readonly pidFile: string;
  /** In the home. */
  readonly logFile: string;
  /** Part of what it says on stderr when it takes connections. */
  readonly ready: string;
  /** `fast` ends sessions and writes everything; `immediate` leaves the data to a recovery. */
  readonly endings: { readonly fast: NodeJS.Signals; readonly immediate: NodeJS.Signals };
  /** The socket's file in its folder. */
  socketFile(port: number): string;
}
