/**
 * What a client's bytes mean for the record: the seam between a protocol and the relay. Nothing here knows an engine.
 *
 * A walker reads every chunk of a session before the relay forwards it, and tells a sink what the chunk would make the
 * database do. The sink writes its records; only then may the chunk go (promise 3).
 *
 * Numbers. Whatever is put on record in a session gets a number, 1, 2, 3 …, of one sequence per session: a prepared
 * statement, a binding of values, an execution, a text statement, a function call. 0 means none or unknown.
 *
 * Bytes. `bytes`, `start`, `end` name the range `[start, end)` of a received chunk, or of the walker's own small buffer.
 * It holds until the call returns: copy what is to be kept. Ranges instead of slices keep the hot path free of garbage.
 */

/**
 * The `total` of what is announced before its end by a protocol that doesn't tell how long it will be (SQL Server's
 * packets; MySQL's from 16 MiB on). The `total` of its last part is the true one.
 */
export const UNKNOWN_TOTAL = 0xffff_ffff;

/** What became of an operation. Numbers, because they go straight into a record. */
export const Outcome = {
  /** Done; the range is the command's tag, such as `INSERT 0 1`, where the engine has one. */
  done: 1,
  /** Refused or failed by the database; the range is the error's code (a SQLSTATE; SQL Server's error number). */
  error: 2,
  /** Stopped at the row limit the client gave; it may be continued by another execution of the same binding. */
  suspended: 3,
  /** Never run: an earlier operation of the same pipeline failed. */
  skipped: 4,
  /** An empty statement: nothing was there to run. */
  empty: 5,
  /** Unknown: the session ended before the database answered. */
  lost: 6,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** What the record implements. Called synchronously, in the order of the wire, before the chunk is forwarded. */
export interface StatementSink {
  /**
   * A statement is prepared under a name ('' is the unnamed one). The range is its text, as sent: in the client's
   * encoding, perhaps not valid. See `part` for `total`.
   */
  prepare(statement: number, name: string, bytes: Uint8Array, start: number, end: number, total: number): void;

  /**
   * The types of a statement's parameters, in the engine's own form: what the client declared (some may be left open),
   * and again, complete, when the server tells. Values of the statement can be read with the latest.
   */
  types(statement: number, bytes: Uint8Array, start: number, end: number): void;

  /**
   * `ref` stands for a statement or a binding that the session knows by its name alone, because it was made by SQL text
   * (`PREPARE`, `DECLARE CURSOR`) or doesn't exist, in which case the server will say so.
   */
  named(ref: number, name: string): void;

  /**
   * `op`, announced in the very next call, uses `statement` (or the binding) it names, or else `other`: the client sent
   * it before the server had answered the preparation under that name, and if that fails the older one is run.
   */
  alternative(op: number, other: number): void;

  /**
   * Values are bound to a statement and not executed in the same chunk. On record all the same before it is forwarded,
   * since planning may already run functions with the values. The range is the values in the engine's own form.
   * `statement` 0: they come with a text statement (MySQL's query attributes), which is announced next.
   */
  bind(binding: number, statement: number, bytes: Uint8Array, start: number, end: number, total: number): void;

  /**
   * A prepared statement is executed. With `binding === op` the range is its values: the usual case, one record for
   * both. Otherwise the values are on record under `binding` and the range is empty. `maxRows` 0 means all.
   */
  execute(
    op: number,
    statement: number,
    binding: number,
    maxRows: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;

  /** A text statement is run; it may hold several in one, and then has several outcomes. */
  simple(op: number, bytes: Uint8Array, start: number, end: number, total: number): void;

  /**
   * A procedure is called without SQL text; the range is the call in the engine's own form. `head`: so many bytes at its
   * beginning say what is called, and are no values; left out: none.
   */
  call(op: number, bytes: Uint8Array, start: number, end: number, total: number, head?: number): void;

  /**
   * The next piece of what was last announced with a `total` above its range: a message too large to be held back is
   * announced with its beginning, and each piece is told before the chunk that carries it is forwarded. `offset` counts
   * from the beginning. `total` is exact, but for a preparation, whose text may end a little sooner, and while it is
   * `UNKNOWN_TOTAL`. Nothing else is announced before the piece with `last`, which may be empty.
   */
  part(ref: number, offset: number, total: number, bytes: Uint8Array, start: number, end: number, last: boolean): void;

  /**
   * The client has sent a file that the server asked for on behalf of `op` (MySQL's LOCAL INFILE). `file` is the name as
   * the server said it, `size` the content's in bytes; the range is its SHA-256. Told before the server gets its end:
   * `whole`; or when the session ends within it, of what has passed.
   */
  uploaded(op: number, file: string, size: number, whole: boolean, bytes: Uint8Array, start: number, end: number): void;

  /**
   * What became of `ref`: an operation, or a preparation or binding that failed or was skipped (these have no outcome
   * when they succeed). `index` counts the statements of one text statement, or the results of an execution, from 0;
   * `more` says that another outcome or `finished` will follow. `rows` were returned or changed; `bytesIn` and
   * `bytesOut` are the client's and the server's data (rows and bulk), without headers. The range is the tag (done), the
   * code (error), else empty.
   *
   * An execution that was told as done may be told once more, with index 1 and an error: the commit at the end of its
   * pipeline section failed, and nothing of it stayed.
   */
  outcome(
    ref: number,
    index: number,
    state: Outcome,
    more: boolean,
    rows: number,
    bytesIn: number,
    bytesOut: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;

  /** No more outcomes come for this operation. Nothing that needs a record: durations end here. */
  finished(op: number): void;

  /** The client asks on this very connection to stop what runs (SQL Server's attention). */
  cancelled(): void;
}

/** Why the walker wants the session ended. The chunk it looked at must not be forwarded. */
export interface Refusal {
  /** Whose bytes were at fault. */
  readonly side: 'client' | 'server';
  /** SQLSTATE for the error that the client gets. */
  readonly code: string;
  /** For people; holds nothing of what was sent. */
  readonly message: string;
}

/**
 * A command that the gateway answers in the database's place, because the database would take it for something else: the
 * number in MySQL's `KILL 7` is one that the gateway gave out. Its bytes never reach the server. It is on record.
 */
export type Aside = {
  /** How many bytes it has: the first so many of the unread ones. */
  readonly bytes: number;
} & (
  | {
      /** Stop what another connection runs (`statement`), or end it as well (`connection`). */
      readonly kind: 'cancel';
      /** As the client was told when it connected. */
      readonly connection: number;
      readonly scope: 'statement' | 'connection';
    }
  | {
      /** Say no, and go on. */
      readonly kind: 'refuse';
      readonly refusal: Refusal;
    }
);

/**
 * A session's state, fed with both streams from the moment both ends are logged in and ready. Pure: no sockets, no
 * clock. It never throws on any bytes, and holds a bounded amount of memory whatever it is sent.
 */
export interface StatementWalker {
  /**
   * Reads what the client sent. Returns null when everything it means is with the sink: forward the chunk, but for its
   * last `unread` bytes.
   */
  fromClient(chunk: Uint8Array): Refusal | null;

  /**
   * How many bytes at the end of the last chunk were not read, because it isn't known yet whose they are: the beginning
   * of a command that may be for the gateway (at most a few KiB), an `aside` and all that follows it, or a command that
   * can't be read before the server has answered (then this is `crowded`). Keep them and give them again in front of the
   * next chunk; alone, when `crowded` has become false or the aside is done. Always 0 where an engine has no such
   * commands.
   */
  readonly unread: number;

  /**
   * What the unread bytes begin with, when it is for the gateway to answer, and the server owes the client nothing: the
   * answer can go as soon as the client has what was forwarded. Until `answered` or `passedOn` nothing more is read.
   */
  readonly aside: Aside | null;

  /**
   * The gateway has answered the aside: done (null), or refused with this SQLSTATE. Drop its bytes and give the rest of
   * the unread ones again.
   */
  answered(code: string | null): void;

  /** The aside is the database's after all: give the unread bytes again, from its own on; now they are read. */
  passedOn(): void;

  /** Reads what the server sent. Returns null: forward the chunk. */
  fromServer(chunk: Uint8Array): Refusal | null;

  /**
   * True while many of the client's operations wait for the server, or one can't be read before the server has answered
   * those ahead of it: stop reading from the client until this is false again (look after each `fromServer`). A client
   * that is read on regardless is refused in the end.
   */
  readonly crowded: boolean;

  /** True when the server owes the client nothing and no message is half sent in either direction. */
  readonly idle: boolean;

  /** True inside a transaction (also a failed one), as the server last said. */
  readonly inTransaction: boolean;

  /** True after the client said goodbye in its protocol. Should it say more, that is read and told all the same. */
  readonly goodbye: boolean;

  /**
   * Bytes still to come of the server's message in flight; 0 at a message boundary, where an error message of our own
   * may be put. While a header is cut in two it is the number of header bytes missing (ask again after these).
   */
  readonly serverRemainder: number;

  /**
   * How much of a chunk that has not been given to `fromServer` must be forwarded so that the client's stream stands at
   * a message boundary: 0 when it does already, -1 when the chunk doesn't reach one.
   *
   * The chunk is given to `fromServer` next. Where messages are cut into packets at any place (SQL Server), one of its
   * packets may have been shortened in it, so that it ends between two tokens.
   */
  toBoundary(chunk: Uint8Array): number;

  /**
   * The number that a message of our own must carry at the next boundary of the client's stream, in protocols that
   * number their packets (MySQL); 0 in others. Where only the part of a chunk up to the boundary will be forwarded, to be
   * asked after `toBoundary` and before `fromServer`.
   */
  readonly sequence: number;

  /** The session ended: whatever has no outcome yet gets `lost`. */
  abandon(): void;
}
