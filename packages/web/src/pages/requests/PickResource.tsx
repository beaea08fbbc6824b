/** The databases one may ask for, found by name or label. */
import { TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ResourceView } from '@tidegate/contract';
import { useState } from 'react';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Icon } from '../../components/Icon.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { requests } from '../../words/requests.ts';
import styles from './Ask.module.css';

const words = requests.ask;
const ENGINES: Readonly<Record<string, string>> = { postgres: 'PostgreSQL', mysql: 'MySQL', sqlserver: 'SQL Server' };

/** Every word of the search is in its name, its engine or a label. */
function matches({ name, engine, labels }: ResourceView, search: string): boolean {
  const text = [name, engine, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)]
    .join(' ')
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function PickResource({ resources }: { readonly resources: readonly ResourceView[] }) {
  const [search, setSearch] = useState('');
  const found = resources.filter((resource) => matches(resource, search));
  return (
    <Section title={words.resource}>
      <TextInput
        aria-label={words.search}
        placeholder={words.search}
        leftSection={<Icon name="search" />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        className={styles.search}
      />
      {found.length === 0 && <EmptyState title={words.noMatch} />}
      <ul className={styles.cards}>
        {found.map(({ name, engine, labels, health, openGrants }) => (
          <li key={name}>
            <Link to="/request" search={{ resource: name }} className={styles.card}>
              <span className={styles.name}>{name}</span>
              <span className={styles.engine}>{ENGINES[engine] ?? engine}</span>
              <span className={styles.labels}>
                {Object.entries(labels).map(([key, value]) => (
                  <span key={key} className={styles.label}>
                    {key}={value}
                  </span>
                ))}
              </span>
              <span className={styles.foot}>
                {health.state === 'failing' && <StateBadge state="failing" label={words.unhealthy} />}
                {openGrants > 0 && <span>{words.open(openGrants)}</span>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}
