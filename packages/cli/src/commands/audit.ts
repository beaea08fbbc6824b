/** The record: reading, exporting, and checking it without trusting who keeps it. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AuditVerifier, TidegateError, type Verification } from '@tidegate/core';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { linesOf, readText, unreadable } from '../files.ts';
import type { Terminal } from '../terminal.ts';
import { aCount, aTime, UsageError } from '../usage.ts';
import { type Entry, entriesText, verificationText } from '../views/record.ts';
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
  const audit = program.command('audit').description('everything that was asked, decided and done');

  filters(audit.command('list').description('the record, newest first'))
    .option('--limit <n>', 'how many lines at most', '50')
    .action(
      action<[], Filter & { limit: string }>(async (context, _, { limit, ...filter }) => {
        const wanted = aCount(limit, 1, 1_000_000);
        const query = pick(filter);
        const client = context.client();
        const items: Entry[] = [];
        for (let cursor: string | undefined; items.length < wanted; ) {
          const page = await client.auditEntries({
            ...query,
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
        if (out === undefined && context.json)
          throw new UsageError(
            'An export is many JSON values, one a line.',
            'With --json, say where to with --out FILE.',
          );
        const query = pick(filter);
        const stream = await context.client().exportAudit(query);
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
          given.key === undefined
            ? (await context.client().auditKey()).publicKey
            : readText(given.key, 'Get it with: tidegate audit key'),
        );
        const result =
          file === undefined
            ? await verify(context, Readable.fromWeb(await context.client().exportAudit()), key)
            : await verify(context, createReadStream(file), key).catch((error: unknown) => {
                throw isSystemError(error)
                  ? unreadable(file, 'Make one with: tidegate audit export --out FILE', error)
                  : error;
              });
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
    .option('--since <time>', 'from this time: 2h (ago), 22:00, “2026-11-22 22:00”, RFC 3339')
    .option('--until <time>', 'before this time');
}

const pick = ({ stream, grant, session, person, kind, since, until }: Filter): Filter => ({
  stream,
  grant,
  session,
  person,
  kind,
  since: since === undefined ? undefined : aTime(since, 'past'),
  until: until === undefined ? undefined : aTime(until, 'past'),
});

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

/** Streams to a file with the size so far in sight; the bytes written. The file appears whole or not at all. */
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
    const partial = `${to}.partial`;
    await pipeline(from, counter, createWriteStream(partial, { mode: 0o600 })).catch((error: unknown) => {
      rmSync(partial, { force: true });
      throw error;
    });
    renameSync(partial, to);
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
    for await (const line of linesOf(source)) {
      if (!verifier.add(line)) break;
      lines += 1;
      if (lines % 20_000 === 0) progress.say(`Checking … ${lines.toLocaleString()} lines`);
    }
    return verifier.result();
  } finally {
    progress.end();
  }
}
