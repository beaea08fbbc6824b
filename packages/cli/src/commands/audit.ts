/** The record: reading, exporting, and checking it without trusting who keeps it. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { auditEntry } from '@tidegate/contract';
import { AuditVerifier, TidegateError, type Verification } from '@tidegate/core';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { safe, type Terminal, table } from '../terminal.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';

interface Filter {
  readonly stream?: string;
  readonly grant?: string;
  readonly session?: string;
  readonly person?: string;
  readonly kind?: string;
  readonly since?: string;
  readonly until?: string;
}

export function auditCommands(program: Command): void {
  const audit = program.command('audit').description('the record of everything that was asked, decided and done');

  filters(audit.command('list').description('the record, newest first'))
    .option('--limit <n>', 'how many lines at most', '50')
    .action(
      action<[], Filter & { limit: string }>(async (context, _, { limit, ...filter }) => {
        const wanted = Number(limit);
        if (!Number.isInteger(wanted) || wanted < 1)
          throw new TidegateError('invalid_input', '--limit takes a number from 1.');
        const client = context.client();
        const items: Entry[] = [];
        for (let cursor: string | undefined; items.length < wanted; ) {
          const page = await client.auditEntries({
            ...pick(filter),
            cursor,
            limit: Math.min(500, wanted - items.length),
          });
          items.push(...page.items);
          if (page.nextCursor === null) break;
          cursor = page.nextCursor;
        }
        context.answer(items, () => entriesText(items));
      }),
    );

  filters(audit.command('export').description('the record as NDJSON, oldest first, with its signed checkpoints'))
    .option('--out <file>', 'where to; standard output where left out')
    .action(
      action<[], Filter & { out?: string }>(async (context, _, { out, ...filter }) => {
        const stream = await context.client().exportAudit(pick(filter));
        if (out === undefined) {
          await pipeline(Readable.fromWeb(stream), process.stdout, { end: false });
          return;
        }
        const counted = await download(context.terminal, Readable.fromWeb(stream), out);
        context.answer(
          { file: out, bytes: counted },
          () => `${(counted / 1e6).toFixed(1)} MB in ${out}. Check it: tidegate audit verify ${out} --key KEY.pem`,
        );
      }),
    );

  audit
    .command('key')
    .description('the public key that checkpoints are signed with: keep a copy elsewhere')
    .action(
      action(async (context) => {
        const key = await context.client().auditKey();
        context.answer(key, () => key.publicKey.trimEnd());
      }),
    );

  audit
    .command('verify [file]')
    .description('check an export offline with --key; without a file, export from the server and check that')
    .option('--key <file>', 'the public key, PEM (tidegate audit key); from the server where left out')
    .action(
      action<[string | undefined], { key?: string }>(async (context, [file], given) => {
        const key = publicKey(
          given.key === undefined ? (await context.client().auditKey()).publicKey : readFileSync(given.key, 'utf8'),
        );
        const source =
          file === undefined ? Readable.fromWeb(await context.client().exportAudit()) : createReadStream(file);
        const result = await verify(context, source, key);
        context.answer(result, () => verificationText(result));
        if (!result.ok) process.exitCode = 1;
      }),
    );
}

function filters(command: Command): Command {
  return command
    .option('--stream <stream>', 'one stream')
    .option('--grant <grant>', 'of one grant')
    .option('--session <session>', 'of one session')
    .option('--person <person>', 'of one person')
    .option('--kind <kind>', 'of one kind: statement, session.started, request.created …')
    .option('--since <time>', 'from this time (RFC 3339)')
    .option('--until <time>', 'before this time (RFC 3339)');
}

const pick = ({ stream, grant, session, person, kind, since, until }: Filter): Filter => ({
  stream,
  grant,
  session,
  person,
  kind,
  since,
  until,
});

/** Streams to a file with the size so far in sight; the bytes written. */
async function download(terminal: Terminal, from: Readable, to: string): Promise<number> {
  const progress = terminal.progress('Exporting …');
  let bytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const timer = setInterval(() => progress.say(`Exporting … ${(bytes / 1e6).toFixed(1)} MB`), 500);
  try {
    await pipeline(from, counter, createWriteStream(to, { mode: 0o600 }));
    return bytes;
  } finally {
    clearInterval(timer);
    progress.end();
  }
}

function publicKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw new TidegateError(
      'invalid_input',
      'The key is not a public key in PEM.',
      'Get it with: tidegate audit key',
      error,
    );
  }
}

async function verify(context: Context, source: Readable, key: KeyObject): Promise<Verification> {
  const verifier = new AuditVerifier([key]);
  const progress = context.terminal.progress('Checking …');
  let lines = 0;
  try {
    for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (!verifier.add(line)) break;
      lines += 1;
      if (lines % 20_000 === 0) progress.say(`Checking … ${lines.toLocaleString()} lines`);
    }
    return verifier.result();
  } finally {
    progress.end();
  }
}

function verificationText(result: Verification): string {
  const streams = table(
    ['STREAM', 'ENTRIES', 'FROM', 'TO', 'SIGNED THROUGH'],
    result.streams.map((stream) => [
      stream.stream,
      String(stream.entries),
      String(stream.firstSeq),
      String(stream.lastSeq),
      stream.attestedThrough === null ? pc.yellow('not yet') : String(stream.attestedThrough),
    ]),
    'It holds no entries.',
  );
  const { failure } = result;
  if (failure === null)
    return `${streams}\n\n${pc.green('✓')} ${result.entries} entries, unbroken; ${result.checkpoints} signatures hold.`;
  const where = [
    failure.line === null ? '' : `line ${failure.line}`,
    failure.stream ?? '',
    failure.seq === null ? '' : `entry ${failure.seq}`,
  ];
  return `${streams}\n\n${pc.red('✗')} ${safe(failure.message)} ${pc.dim(`(${failure.code}: ${where.filter((part) => part !== '').join(', ')})`)}`;
}

type Entry = z.infer<typeof auditEntry>;

function entriesText(entries: readonly Entry[]): string {
  return table(
    ['WHEN', 'WHO', 'WHAT', 'GRANT', ''],
    entries.map((entry) => [
      when(entry.at),
      safe(word(entry, ['person', 'by', 'requester', 'reviewer'])),
      entry.kind,
      word(entry, ['grant']),
      safe(summary(entry)),
    ]),
    'Nothing on record.',
  );
}

/** The first of these members that is text. */
function word({ data }: Entry, keys: readonly string[]): string {
  for (const key of keys) {
    const value = data[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

const SUMMARY_MAX = 100;
/** What has a column of its own, follows from the grant, or is of use to a machine only. `--json` has it all. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'person',
  'by',
  'grant',
  'request',
  'session',
  'principal',
  'resource',
  'role',
  'database',
  'clientAddress',
  'application',
  'op',
  'index',
  'bytes',
  'protocol',
]);

/** What matters most of an entry, on one line: its words first, then the rest by name. */
function summary({ data }: Entry): string {
  const words: string[] = [];
  const named: string[] = [];
  for (const [key, value] of Object.entries(data)) {
    if (LEFT_OUT.has(key) || value === null || value === '') continue;
    if (key === 'text' || key === 'detail') words.push(String(value));
    else named.push(`${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  }
  const text = [...words, ...named].join(' ');
  return text.length > SUMMARY_MAX ? `${text.slice(0, SUMMARY_MAX - 1)}…` : text;
}
