/** One entry: in a line, and whole. */
import { Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Answer } from '@tidegate/contract';
import { Copyable } from '../../components/Copyable.tsx';
import { exactTime } from '../../lib/time.ts';
import { record as words } from '../../words/record.ts';
import styles from './record.module.css';

export type Entry = Answer<'searchRecord'>['items'][number];

export const keyOf = ({ stream, seq }: Entry): string => `${stream}/${seq}`;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export const whoOf = ({ data }: Entry): string => text(data.by) || text(data.person) || text(data.loginName);

/** What a line can say of it: a statement's own words, else what the event is about. */
export function whatOf({ kind, data }: Entry): string {
  const of = (...names: readonly string[]) =>
    names
      .map((name) => text(data[name]))
      .filter((part) => part !== '')
      .join(' · ');
  switch (kind) {
    case 'statement':
    case 'statement.prepared':
      return text(data.text).slice(0, 300).replace(/\s+/g, ' ') || of('fingerprint');
    case 'statement.outcome':
      return [of('resource', 'state', 'command', 'sqlstate'), typeof data.rows === 'number' ? String(data.rows) : '']
        .filter((part) => part !== '')
        .join(' · ');
    default:
      return of(
        'resource',
        'role',
        'decision',
        'state',
        'because',
        'reason',
        'comment',
        'why',
        'what',
        'database',
        'name',
      );
  }
}

export function EntryDetail({ entry }: { readonly entry: Entry }) {
  const { data } = entry;
  const session = text(data.session);
  const grant = text(data.grant);
  const op = typeof data.op === 'number' ? data.op : null;
  const json = JSON.stringify(entry, null, 2);
  return (
    <section className={styles.detail} aria-label={words.entry}>
      <Group justify="space-between" gap="xs">
        <h2>{entry.kind}</h2>
        <Group gap="md">
          {session !== '' && (
            <Link to="/sessions/$id" params={{ id: session }} search={op === null ? {} : { op }}>
              {words.openSession}
            </Link>
          )}
          {grant !== '' && (
            <Link to="/record/grants/$id" params={{ id: grant }}>
              {words.openGrant}
            </Link>
          )}
        </Group>
      </Group>
      <p className={styles.hint}>
        {exactTime(entry.at)} · <Copyable text={keyOf(entry)} what={words.copyEntry} />
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <pre className={styles.json} tabIndex={0}>
        {json}
      </pre>
    </section>
  );
}
