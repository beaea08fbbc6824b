/** The record, and what checking it found, as people read them. `--json` has every member. */
import type { auditEntry } from '@tidegate/contract';
import type { Verification } from '@tidegate/core';
import type { z } from 'zod';
import { paint } from '../colour.ts';
import { cut, safe, table } from '../layout.ts';
import { clock, length } from './time.ts';

export type Entry = z.infer<typeof auditEntry>;

/** Long enough to recognise a statement by; the whole is in `--json`. */
const DETAIL_MAX = 200;

export function entriesText(entries: readonly Entry[]): string {
  return table(
    ['WHEN', 'WHO', 'WHAT', 'GRANT', 'DETAIL'],
    entries.map((entry) => [
      clock(entry.at, true),
      safe(who(entry)),
      entry.kind,
      text(entry, 'grant'),
      cut(safe(detail(entry)), DETAIL_MAX),
    ]),
    'Nothing on record.',
  );
}

/** Who did it: of what happens in a session its person, otherwise whoever acted. */
function who(entry: Entry): string {
  const own = /^(session|statement)\b/.test(entry.kind) ? ['person', 'by'] : ['by', 'person'];
  return own.map((key) => text(entry, key)).find((name) => name !== '') ?? '';
}

type Told = (entry: Entry) => string;

/** One line for each kind that people look for; the others by the names of their members. */
const TOLD: Readonly<Record<string, Told>> = {
  'request.created': (entry) =>
    `${text(entry, 'role')} on ${text(entry, 'resource')} for ${length(text(entry, 'duration'))}${said(entry, 'reason')}`,
  'request.refused': (entry) => `${text(entry, 'role')} on ${text(entry, 'resource')}${said(entry, 'why')}`,
  'request.reviewed': (entry) =>
    `${text(entry, 'decision') === 'approve' ? 'approves' : 'denies'} ${text(entry, 'person')}: ${text(entry, 'role')} on ${text(entry, 'resource')}${said(entry, 'comment')}`,
  'grant.scheduled': (entry) =>
    `${text(entry, 'role')} on ${text(entry, 'resource')} for ${length(text(entry, 'duration'))}`,
  'grant.activated': (entry) => `until ${clock(text(entry, 'expiresAt'))}`,
  'grant.opened': (entry) => `by gateway ${text(entry, 'gateway')}`,
  'grant.closing': (entry) => `${text(entry, 'reason')}${said(entry, 'comment')}`,
  'grant.closed': (entry) => text(entry, 'reason'),
  'ticket.issued': (entry) => `${text(entry, 'ticket')} for ${text(entry, 'address')}`,
  principal: (entry) => `${text(entry, 'principal')}${said(entry, 'detail')}`,
  'session.started': (entry) =>
    `${text(entry, 'application')} at ${text(entry, 'clientAddress')} in ${text(entry, 'resource')}/${text(entry, 'database')}`,
  'session.ended': (entry) =>
    `${text(entry, 'because').replaceAll('_', ' ')} after ${count(entry, 'statements', 'statement')}`,
  statement: (entry) => `${text(entry, 'text')}${values(entry)}`,
  'statement.prepared': (entry) => text(entry, 'text'),
  'statement.outcome': (entry) => {
    const took = ` in ${text(entry, 'durationMs')} ms`;
    if (text(entry, 'state') !== 'done') {
      const sqlstate = text(entry, 'sqlstate');
      return `${text(entry, 'state')}${sqlstate === '' ? '' : ` ${sqlstate}`}${took}`;
    }
    const rows = entry.data.rows === null ? '' : `, ${count(entry, 'rows', 'row')}`;
    return `${text(entry, 'command')}${rows}${took}`;
  },
};

function detail(entry: Entry): string {
  const told = TOLD[entry.kind];
  if (told === undefined) return named(entry);
  try {
    return told(entry);
  } catch (error) {
    // A record of another version may lack what a line is made of; it is shown all the same.
    if (error instanceof RangeError) return named(entry);
    throw error;
  }
}

/** What has a column of its own. */
const SHOWN: ReadonlySet<string> = new Set(['by', 'grant']);

function named(entry: Entry): string {
  const shown = who(entry);
  return Object.entries(entry.data)
    .filter(([key, value]) => !SHOWN.has(key) && value !== null && value !== '' && value !== shown)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function text({ data }: Entry, key: string): string {
  const value = data[key];
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const said = (entry: Entry, key: string): string => (text(entry, key) === '' ? '' : `: ${text(entry, key)}`);

function count({ data }: Entry, key: string, noun: string): string {
  const number = Number(data[key]);
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Bound values as `[4711, NULL]`. */
function values({ data }: Entry): string {
  if (!Array.isArray(data.values) || data.values.length === 0) return '';
  const shown = data.values.map((bound: unknown) => {
    if (typeof bound !== 'object' || bound === null) return '?';
    if ('value' in bound) return bound.value === null ? 'NULL' : JSON.stringify(bound.value);
    return 'hex' in bound ? `\\x${String(bound.hex)}` : '?';
  });
  return `  [${shown.join(', ')}]`;
}

export function verificationText(result: Verification): string {
  const streams = table(
    ['STREAM', 'ENTRIES', 'FROM', 'TO', 'SIGNED THROUGH'],
    result.streams.map((stream) => [
      stream.stream,
      String(stream.entries),
      String(stream.firstSeq),
      String(stream.lastSeq),
      stream.attestedThrough === null ? paint.yellow('not yet') : String(stream.attestedThrough),
    ]),
    'It holds no entries.',
  );
  const { failure } = result;
  if (failure === null)
    return `${streams}\n\n${paint.green('✓')} ${result.entries} entries, unbroken; ${result.checkpoints} signatures hold.`;
  const where = [
    failure.line === null ? '' : `line ${failure.line}`,
    failure.stream ?? '',
    failure.seq === null ? '' : `entry ${failure.seq}`,
  ].filter((part) => part !== '');
  const place = where.length === 0 ? '' : `: ${where.join(', ')}`;
  return `${streams}\n\n${paint.red('✗')} ${safe(failure.message)} ${paint.dim(`(${failure.code}${place})`)}`;
}
