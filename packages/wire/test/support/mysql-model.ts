/**
 * A model of a MySQL server, for property tests: it reads what was forwarded to it, packet by packet and on its own
 * terms, answers, and keeps what truly ran and what came of it. Texts are words: `rows`, `change`, `fail`, joined by `;`.
 */
import { Buffer } from 'node:buffer';
import { Status, server } from './mysql-craft.ts';

export interface Truth {
  /** `simple`, `execute` or `call`. */
  readonly what: string;
  /** The text that ran, where one did. */
  readonly text: string;
  /** The raw values, or the raw call. */
  readonly content: string;
  /** One for each result. */
  readonly states: readonly ('done' | 'error' | 'suspended')[];
}

interface Prepared {
  readonly text: string;
  readonly parameters: number;
  cursor: number;
}

export class MysqlModel {
  readonly truths: Truth[] = [];
  readonly #deprecateEof: boolean;
  readonly #mariadb: boolean;
  readonly #statements = new Map<number, Prepared>();
  #last: Prepared | null = null;
  #ids = 0;
  #waiting: Buffer = Buffer.alloc(0);

  constructor(deprecateEof: boolean, mariadb: boolean) {
    this.#deprecateEof = deprecateEof;
    this.#mariadb = mariadb;
  }

  /** Takes what was forwarded and gives what it answers. */
  take(bytes: Uint8Array): Buffer {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    const answers: Buffer[] = [];
    while (this.#waiting.length >= 4 && this.#waiting.length >= 4 + this.#waiting.readUIntLE(0, 3)) {
      const end = 4 + this.#waiting.readUIntLE(0, 3);
      answers.push(this.#command(this.#waiting.subarray(4, end)));
      this.#waiting = this.#waiting.subarray(end);
    }
    return Buffer.concat(answers);
  }

  #command(body: Buffer): Buffer {
    const text = body.toString('latin1', 1);
    switch (body[0]) {
      case 0x03:
        return this.#words(text);
      case 0x16:
        return this.#prepare(text);
      case 0x17:
        return this.#execute(body);
      case 0x1c:
        return this.#fetch(body);
      case 0x18:
        return Buffer.alloc(0);
      case 0x19: {
        const found = this.#find(body);
        for (const [id, statement] of this.#statements) if (statement === found) this.#statements.delete(id);
        if (this.#last === found) this.#last = null;
        return Buffer.alloc(0);
      }
      case 0x0e:
        return server.ok(1);
      case 0x1f:
        this.#statements.clear();
        this.#last = null;
        this.#tell('call', '', body, 'done');
        return server.ok(1);
      case 0x02:
        this.#tell('call', '', body, text === 'fail' ? 'error' : 'done');
        return text === 'fail' ? server.error(1) : server.ok(1);
      default:
        throw new Error(`a command that should not come through: ${body[0]}`);
    }
  }

  #tell(what: string, text: string, content: Uint8Array, ...states: Truth['states']): void {
    this.truths.push({ what, text, content: Buffer.from(content).toString('latin1'), states });
  }

  #words(text: string): Buffer {
    const words = text.split(';');
    const failed = words.indexOf('fail');
    const run = failed < 0 ? words : words.slice(0, failed + 1);
    this.#tell('simple', text, Buffer.alloc(0), ...run.map((word) => (word === 'fail' ? 'error' : 'done')));
    let sequence = 1;
    const answers = run.map((word, index) => {
      const status = index < words.length - 1 ? Status.autocommit | Status.more : Status.autocommit;
      const packets = this.#result(word, sequence, status);
      sequence += packets.length;
      return Buffer.concat(packets);
    });
    return Buffer.concat(answers);
  }

  #result(word: string, sequence: number, status: number): Buffer[] {
    if (word === 'fail') return [server.error(sequence)];
    if (word !== 'rows') return [server.ok(sequence, 3, status)];
    const packets = [server.columns(sequence, 1), server.definition(sequence + 1)];
    if (!this.#deprecateEof) packets.push(server.eof(sequence + 2, status));
    packets.push(server.row(sequence + packets.length, 'x'), server.row(sequence + packets.length + 1, null));
    const end = sequence + packets.length;
    packets.push(this.#deprecateEof ? server.end(end, status) : server.eof(end, status));
    return packets;
  }

  #prepare(text: string): Buffer {
    if (text.startsWith('fail')) {
      this.#last = null;
      return server.error(1);
    }
    this.#ids += 1;
    const parameters = text.split('?').length - 1;
    this.#last = { text, parameters, cursor: 0 };
    this.#statements.set(this.#ids, this.#last);
    const packets = [server.prepared(1, this.#ids, 0, parameters)];
    for (let i = 0; i < parameters; i++) packets.push(server.definition(2 + i));
    if (parameters > 0 && !this.#deprecateEof) packets.push(server.eof(2 + parameters));
    return Buffer.concat(packets);
  }

  #find(body: Buffer): Prepared | null {
    const id = body.readUInt32LE(1);
    return this.#statements.get(id) ?? (this.#mariadb && id === 0xffffffff ? this.#last : null);
  }

  #execute(body: Buffer): Buffer {
    const statement = this.#find(body);
    if (statement === null) {
      this.#tell('execute', '', body, 'error');
      return server.error(1, 1243, 'HY000');
    }
    const [word = ''] = statement.text.split(' ');
    if (body[5] === 1 && word === 'rows') {
      statement.cursor = 3;
      this.#tell('execute', statement.text, body, 'suspended');
      const status = Status.autocommit | Status.cursor;
      const end = this.#deprecateEof ? server.end(3, status) : server.eof(3, status);
      return Buffer.concat([server.columns(1, 1), server.definition(2), end]);
    }
    statement.cursor = 0;
    this.#tell('execute', statement.text, body, word === 'later' ? 'error' : 'done');
    return Buffer.concat(this.#result(word === 'later' ? 'fail' : word, 1, Status.autocommit));
  }

  /** A cursor has three rows. */
  #fetch(body: Buffer): Buffer {
    const statement = this.#find(body);
    if (statement === null || statement.cursor === 0) {
      this.#tell('execute', statement?.text ?? '', Buffer.alloc(0), 'error');
      return server.error(1, 1421, 'HY000');
    }
    const count = Math.min(statement.cursor, body.readUInt32LE(5));
    statement.cursor -= count;
    const last = statement.cursor === 0;
    this.#tell('execute', statement.text, Buffer.alloc(0), last ? 'done' : 'suspended');
    const status = Status.autocommit | (last ? Status.lastRow : Status.cursor);
    const rows = Array.from({ length: count }, (_, i) => server.binaryRow(1 + i, i));
    return Buffer.concat([...rows, this.#deprecateEof ? server.end(1 + count, status) : server.eof(1 + count, status)]);
  }
}
