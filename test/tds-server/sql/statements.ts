/** Cuts a batch into statements. T-SQL needs no semicolons, so it is the first words that part them. */
import { SqlError } from './errors.ts';
import { isSign, isWord, type Token } from './lexer.ts';

export type Statement =
  | { readonly kind: 'simple'; readonly tokens: readonly Token[] }
  | {
      readonly kind: 'if';
      readonly condition: readonly Token[];
      readonly branch: Statement;
      readonly otherwise: Statement | null;
    }
  | { readonly kind: 'while'; readonly condition: readonly Token[]; readonly body: Statement }
  | { readonly kind: 'block'; readonly body: readonly Statement[] }
  | { readonly kind: 'try'; readonly body: readonly Statement[]; readonly handler: readonly Statement[] };

const STARTS = new Set(
  (
    'SELECT INSERT UPDATE DELETE SET DECLARE PRINT RAISERROR THROW USE EXEC EXECUTE IF ELSE WHILE BEGIN END COMMIT ' +
    'ROLLBACK SAVE CREATE ALTER DROP TRUNCATE WAITFOR KILL GRANT REVOKE DENY RETURN MERGE BREAK CONTINUE DBCC'
  ).split(' '),
);
/** Their text runs to the end of the batch. */
const MODULES = ['PROCEDURE', 'PROC', 'VIEW', 'TRIGGER', 'FUNCTION'];

export function parseStatements(tokens: readonly Token[]): Statement[] {
  const parser = new Parser(tokens);
  const statements = parser.list();
  if (!parser.done) throw unexpected(parser.next);
  return statements;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  get done(): boolean {
    return this.next === undefined;
  }

  #peek(ahead: number): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  /** Up to the end, or to the END or ELSE that belongs to whoever called. */
  list(): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      while (isSign(this.next, ';')) this.#at++;
      if (this.done || isWord(this.next, 'END', 'ELSE')) return statements;
      statements.push(this.#statement());
    }
  }

  #statement(): Statement {
    if (isWord(this.next, 'IF')) return this.#if();
    if (isWord(this.next, 'WHILE')) {
      this.#at++;
      const condition = this.#condition();
      return { kind: 'while', condition, body: this.#statement() };
    }
    if (isWord(this.next, 'BEGIN') && !isWord(this.#peek(1), 'TRAN', 'TRANSACTION')) return this.#block();
    return { kind: 'simple', tokens: this.#simple() };
  }

  #if(): Statement {
    this.#at++;
    const condition = this.#condition();
    const branch = this.#statement();
    while (isSign(this.next, ';') && isWord(this.#peek(1), 'ELSE')) this.#at++;
    if (!isWord(this.next, 'ELSE')) return { kind: 'if', condition, branch, otherwise: null };
    this.#at++;
    return { kind: 'if', condition, branch, otherwise: this.#statement() };
  }

  #condition(): readonly Token[] {
    const start = this.#at;
    for (let depth = 0; !this.done; this.#at++) {
      if (isSign(this.next, '(')) depth++;
      else if (isSign(this.next, ')')) depth--;
      else if (depth === 0 && this.#at > start && starts(this.next)) break;
    }
    return this.#tokens.slice(start, this.#at);
  }

  #block(): Statement {
    this.#at++;
    const tries = isWord(this.next, 'TRY');
    if (tries) this.#at++;
    const body = this.#body(tries ? 'TRY' : null);
    if (!tries) return { kind: 'block', body };
    if (!(isWord(this.next, 'BEGIN') && isWord(this.#peek(1), 'CATCH'))) throw unexpected(this.next);
    this.#at += 2;
    return { kind: 'try', body, handler: this.#body('CATCH') };
  }

  #body(closing: string | null): Statement[] {
    const body = this.list();
    if (!isWord(this.next, 'END')) throw unexpected(this.next);
    this.#at++;
    if (closing !== null && isWord(this.next, closing)) this.#at++;
    while (isSign(this.next, ';')) this.#at++;
    return body;
  }

  #simple(): readonly Token[] {
    const start = this.#at;
    if (isModule(this.#tokens.slice(start, start + 4))) {
      this.#at = this.#tokens.length;
      return this.#tokens.slice(start);
    }
    const limits = new Limits();
    let depth = 0;
    let cases = 0;
    for (; !this.done; this.#at++) {
      const token = this.next;
      if (isSign(token, '(')) depth++;
      else if (isSign(token, ')')) depth--;
      if (depth > 0 || token === undefined) continue;
      if (isWord(token, 'CASE')) cases++;
      else if (cases > 0) {
        if (isWord(token, 'END')) cases--;
      } else if (isSign(token, ';')) break;
      else if (this.#at > start && starts(token) && !limits.belongs(this.#tokens.slice(start, this.#at), token)) break;
    }
    return this.#tokens.slice(start, this.#at);
  }
}

function starts(token: Token | undefined): boolean {
  return token?.kind === 'word' && STARTS.has(token.text.toUpperCase());
}

function isModule(first: readonly Token[]): boolean {
  return isWord(first[0], 'CREATE', 'ALTER') && first.some((token) => isWord(token, ...MODULES));
}

/** Words that start statements also stand within some: this says where. */
class Limits {
  #used = false;

  belongs(before: readonly Token[], token: Token): boolean {
    const previous = before.at(-1);
    if (isWord(previous, 'UNION', 'ALL', 'EXCEPT', 'INTERSECT')) return isWord(token, 'SELECT');
    const clause = isWord(previous, 'ON', 'AS', 'FOR') && isWord(token, 'UPDATE', 'DELETE', 'SELECT', 'INSERT');
    // SET NOCOUNT ON SELECT …: there the word is the option's value.
    if (clause && !isWord(before[0], 'SET')) return true;
    const once = (...words: string[]): boolean => {
      if (this.#used || !isWord(token, ...words)) return false;
      this.#used = true;
      return true;
    };
    switch (before[0]?.text.toUpperCase()) {
      case 'INSERT':
        return !before.some((one) => isWord(one, 'VALUES')) && once('SELECT', 'EXEC', 'EXECUTE');
      case 'UPDATE':
        return once('SET');
      case 'WITH':
        return once('SELECT', 'INSERT', 'UPDATE', 'DELETE');
      // DROP USER IF EXISTS …
      case 'DROP':
        return once('IF');
      case 'ALTER':
        return once('SET', 'DROP', 'ALTER');
      case 'GRANT':
      case 'REVOKE':
      case 'DENY':
        return !before.some((one) => isWord(one, 'ON', 'TO', 'FROM'));
      default:
        return false;
    }
  }
}

function unexpected(token: Token | undefined): SqlError {
  return new SqlError(102, `Incorrect syntax near '${token?.text ?? 'the end'}'.`, { severity: 15 });
}
