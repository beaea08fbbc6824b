/** Who could ask for something here: by rule, with what each takes; and by name, a page at a time. */
import { useQuery } from '@tanstack/react-query';
import type { ResourceAsker, ResourceRule, ResourceView } from '@tidegate/contract';
import { usePages } from '../../api/paging.ts';
import { reading } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Read } from '../../components/Read.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { resources } from '../../words/resources.ts';
import styles from './resources.module.css';

const words = resources.could;
const HEIGHT = 300;

export function WhoCouldAsk({ name }: { readonly name: ResourceView['name'] }) {
  const rules = useQuery(reading('resourceRules', { name }));
  return (
    <Section title={words.title} hint={words.hint}>
      <Read query={rules}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title={words.noRule} hint={words.noRuleHint} />
          ) : (
            <>
              <ul className={styles.rules}>
                {items.map((rule) => (
                  <Rule key={rule.rule} of={rule} />
                ))}
              </ul>
              <People name={name} />
            </>
          )
        }
      </Read>
    </Section>
  );
}

function Rule({
  of: { rule, roles, groups, people, workloads, approvals, conditions, breakGlass },
}: {
  readonly of: ResourceRule;
}) {
  return (
    <li>
      <strong>{roles.join(', ')}</strong> {words.for} {[...groups, ...people, ...workloads].join(', ') || words.nobody}
      {': '}
      {breakGlass ? <StateBadge state="breakGlass" label={words.breakGlass} tone="wait" /> : words.takes(approvals)}
      {conditions.map((condition) => (
        <span key={condition}>
          {' '}
          {words.while} <code>{condition}</code>
        </span>
      ))}
      <span className={styles.none}> {words.byRule(rule)}</span>
    </li>
  );
}

const PEOPLE: readonly Column<ResourceAsker>[] = [
  { key: 'person', title: resources.person, width: 'minmax(7rem, 12rem)', cell: ({ person }) => person },
  {
    key: 'could',
    title: words.what,
    width: 'minmax(10rem, 1fr)',
    cell: ({ could }) =>
      [...new Set(could.map((each) => words.one(each.role, each.breakGlass, each.conditional)))].join(', '),
  },
];

function People({ name }: { readonly name: ResourceView['name'] }) {
  const { rows, more, query } = usePages('resourceAskers', { name });
  return (
    <Read query={query}>
      {() =>
        rows.length === 0 ? (
          <EmptyState title={words.none} hint={words.noneHint} />
        ) : (
          <DataTable
            label={words.title}
            columns={PEOPLE}
            rows={rows}
            rowKey={({ person }) => person}
            {...(rows.length > 8 ? { height: HEIGHT } : {})}
            {...(more === undefined ? {} : { more })}
          />
        )
      }
    </Read>
  );
}
