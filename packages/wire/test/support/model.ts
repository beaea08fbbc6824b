/**
 * A server in a hundred lines: what PostgreSQL does with pipelines, names, errors and COPY, and nothing else. It says
 * what was truly run, so that the record can be held to it. Statements are words: `bad` doesn't parse, `fail` fails when
 * run, `many` stops at a row limit, `copy` takes data, `copyfail` begins to and fails, `dealloc` forgets statements.
 */
import { Buffer } from 'node:buffer';
import { server } from './craft.ts';

/** What the client asked; the arguments of `craft.client`, by name. */
export type Ask =
  | { readonly do: 'parse'; readonly name: string; readonly sql: string }
  | { readonly do: 'bind'; readonly portal: string; readonly name: string; readonly value: string }
  | { readonly do: 'execute'; readonly portal: string; readonly maxRows: number }
  | { readonly do: 'query'; readonly words: readonly string[] }
  | { readonly do: 'describe' | 'close'; readonly of: 'statement' | 'portal'; readonly name: string }
  | { readonly do: 'data'; readonly bytes: string }
  | { readonly do: 'call' | 'sync' | 'flush' | 'copyDone' | 'copyFail' };

/** What came of one execution, text statement or call. */
export interface Truth {
  readonly what: 'execute' | 'query' | 'call';
  /** The text that was run and the value bound to it; null when the name stood for nothing, or it was skipped. */
  ran: { readonly sql: string; readonly value: string } | null;
  /** Skipped, and the binding it was meant for had failed: told as one, the error is the execution's. */
  readonly unbound?: boolean;
  readonly states: ('done' | 'error' | 'suspended' | 'skipped' | 'empty')[];
}

interface Portal {
  readonly sql: string;
  readonly value: string;
}

/** A COPY that takes data: whose it is, and the words that follow it, null when it was executed by itself. */
interface Copy {
  readonly truth: Truth;
  readonly rest: readonly string[] | null;
}

export class ModelServer {
  readonly truths: Truth[] = [];
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, Portal>();
  #skipping = false;
  /** Portals whose last binding failed. */
  readonly #unbound = new Set<string>();
  #copy: Copy | null = null;

  /** Does what is asked, and gives the answers. */
  ask(ask: Ask): Buffer {
    if (this.#copy !== null) return Buffer.concat(this.#inCopy(ask, this.#copy));
    if (this.#skipping && ask.do !== 'sync') return this.#skip(ask);
    return Buffer.concat(this.#do(ask));
  }

  #do(ask: Ask): Buffer[] {
    switch (ask.do) {
      case 'parse':
        if (ask.name === '') this.#statements.delete('');
        if (this.#statements.has(ask.name)) return this.#fail('42P05');
        if (ask.sql === 'bad') return this.#fail('42601');
        this.#statements.set(ask.name, ask.sql);
        return [server.parseComplete()];
      case 'bind': {
        const sql = this.#statements.get(ask.name);
        this.#unbound.add(ask.portal);
        if (sql === undefined) return this.#fail('26000');
        if (ask.portal !== '' && this.#portals.has(ask.portal)) return this.#fail('42P03');
        if (ask.value === 'bad') return this.#fail('22P02');
        this.#unbound.delete(ask.portal);
        this.#portals.set(ask.portal, { sql, value: ask.value });
        return [server.bindComplete()];
      }
      case 'execute':
        return this.#execute(ask.portal, ask.maxRows);
      case 'query': {
        this.#statements.delete('');
        const truth: Truth = { what: 'query', ran: null, states: [] };
        this.truths.push(truth);
        return this.#query(truth, ask.words);
      }
      case 'describe': {
        const known = ask.of === 'statement' ? this.#statements.has(ask.name) : this.#portals.has(ask.name);
        if (!known) return this.#fail('26000');
        return [...(ask.of === 'statement' ? [server.parameterDescription([25])] : []), server.rowDescription()];
      }
      case 'close':
        (ask.of === 'statement' ? this.#statements : this.#portals).delete(ask.name);
        return [server.closeComplete()];
      case 'call':
        this.truths.push({ what: 'call', ran: null, states: ['done'] });
        // Like a text statement and Sync it ends the transaction, and with it the portals.
        this.#portals.clear();
        return [server.functionResult('x'), server.ready()];
      case 'sync':
        this.#skipping = false;
        this.#portals.clear();
        return [server.ready()];
      case 'flush':
      case 'data': // outside of a COPY
      case 'copyDone':
      case 'copyFail':
        return [];
    }
  }

  #execute(name: string, maxRows: number): Buffer[] {
    const portal = this.#portals.get(name);
    const truth: Truth = { what: 'execute', ran: portal ?? null, states: [] };
    this.truths.push(truth);
    if (portal === undefined || portal.sql === 'fail') {
      truth.states.push('error');
      return this.#fail('34000');
    }
    if (portal.sql === 'copy' || portal.sql === 'copyfail') return this.#beginCopy(portal.sql, { truth, rest: null });
    const suspended = portal.sql === 'many' && maxRows > 0;
    truth.states.push(portal.sql === '' ? 'empty' : suspended ? 'suspended' : 'done');
    if (portal.sql === '') return [server.empty()];
    return [server.dataRow('x'), suspended ? server.suspended() : server.complete('SELECT 1')];
  }

  #query(truth: Truth, words: readonly string[]): Buffer[] {
    const said: Buffer[] = [];
    for (const [index, word] of words.entries()) {
      if (word === 'copy' || word === 'copyfail') {
        return [...said, ...this.#beginCopy(word, { truth, rest: words.slice(index + 1) })];
      }
      const failed = word === 'fail';
      truth.states.push(failed ? 'error' : 'done');
      said.push(failed ? server.error('22012') : server.complete(word === 'dealloc' ? 'DEALLOCATE ALL' : 'SELECT 1'));
      if (failed) break;
      if (word === 'dealloc') this.#statements.clear();
    }
    this.#portals.clear();
    return [...said, server.ready()];
  }

  #beginCopy(word: string, copy: Copy): Buffer[] {
    this.#copy = copy;
    return [server.copyIn(), ...(word === 'copyfail' ? this.#failCopy(copy) : [])];
  }

  #inCopy(ask: Ask, copy: Copy): Buffer[] {
    if (ask.do === 'copyFail' || (ask.do === 'data' && ask.bytes === 'bad')) return this.#failCopy(copy);
    if (ask.do === 'copyDone') {
      this.#copy = null;
      copy.truth.states.push('done');
      return [server.complete('COPY 1'), ...(copy.rest === null ? [] : this.#query(copy.truth, copy.rest))];
    }
    if (ask.do === 'data' || ask.do === 'sync' || ask.do === 'flush') return [];
    throw new Error(`${ask.do} within a COPY`);
  }

  #failCopy(copy: Copy): Buffer[] {
    this.#copy = null;
    copy.truth.states.push('error');
    if (copy.rest === null) return this.#fail('22P02');
    this.#portals.clear();
    return [server.error('22P02'), server.ready()];
  }

  #skip(ask: Ask): Buffer {
    if (ask.do === 'execute' || ask.do === 'query' || ask.do === 'call') {
      const unbound = ask.do === 'execute' && this.#unbound.has(ask.portal);
      this.truths.push({ what: ask.do, ran: null, unbound, states: ['skipped'] });
    } else if (ask.do === 'bind') {
      this.#unbound.delete(ask.portal);
    }
    return Buffer.alloc(0);
  }

  #fail(code: string): Buffer[] {
    this.#skipping = true;
    return [server.error(code)];
  }
}
