/** What both directions of one session share. */
import { Buffer } from 'node:buffer';
import { Pending } from '../pending.ts';
import { Outcome, type StatementSink } from '../statements.ts';
import { type Agreed, Capability, has, MariadbCapability } from './capabilities.ts';
import { Prepared, type Statement } from './prepared.ts';
import type { Upload } from './upload.ts';

export const NO_BYTES: Uint8Array = Buffer.alloc(0);

/** What the client asks, as it stands in the queue of what has no answer yet. By the form of the answer. */
export const Asked = {
  prepare: 1,
  /** Results: of a statement's text, or of a prepared statement. */
  results: 2,
  execute: 3,
  /** Rows alone. */
  fetch: 4,
  /** Definitions of columns alone. */
  fieldList: 5,
  /** One packet of text. */
  text: 6,
  /** One OK or EOF. */
  ok: 7,
  /** The same; prepared statements are gone then. */
  resetConnection: 8,
} as const;

export class Exchange {
  readonly sink: StatementSink;
  readonly pending = new Pending<Statement>();
  readonly prepared = new Prepared();
  readonly mariadb: boolean;
  readonly deprecateEof: boolean;
  readonly queryAttributes: boolean;
  readonly cacheMetadata: boolean;
  readonly progress: boolean;

  /** Preparations in the queue. */
  preparing = 0;
  /** The server asked for a file's content, and the client has not ended it. */
  upload: Upload | null = null;
  /** A large command is told in part: its rest follows. */
  inCommand = false;
  /** Bytes of files for the result that is being made. */
  bulkIn = 0;
  /** The number that the server's next packet carries if it follows the client's last one. */
  replySequence = 0;
  /** The server has sent something since. */
  begun = false;
  #lastNumber = 0;

  constructor(sink: StatementSink, { capabilities, mariadbCapabilities, flavour }: Agreed) {
    this.sink = sink;
    this.mariadb = flavour === 'mariadb';
    this.deprecateEof = has(capabilities, Capability.deprecateEof);
    this.queryAttributes = has(capabilities, Capability.queryAttributes);
    this.cacheMetadata = this.mariadb && has(mariadbCapabilities, MariadbCapability.cacheMetadata);
    this.progress = this.mariadb && has(mariadbCapabilities, MariadbCapability.progress);
  }

  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** The client has ended the file (`whole`), or the session ends within it. */
  uploaded(whole: boolean): void {
    const { upload } = this;
    if (upload === null) return;
    this.upload = null;
    const digest = upload.digest();
    this.sink.uploaded(upload.op, upload.file, upload.size, whole, digest, 0, digest.length);
  }

  /** An outcome without rows or code. */
  tell(number: number, index: number, state: Outcome): void {
    this.sink.outcome(number, index, state, false, 0, 0, 0, NO_BYTES, 0, 0);
  }

  /** Nothing more is answered: what was asked and has no outcome gets one. */
  abandon(): void {
    const { pending } = this;
    this.uploaded(false);
    for (let i = 0; i < pending.length; i++) {
      if (pending.number(i) > 0) this.tell(pending.number(i), 0, Outcome.lost);
    }
    pending.drop(pending.length);
  }
}
