/** The most frequent values, each a press away from looking at it alone, and another from not. */
import type { RecordSummary } from '@tidegate/contract';
import { record as words } from '../../words/record.ts';
import styles from './record.module.css';
import type { RecordSearch } from './search.ts';

const NAMES = ['outcome', 'kind', 'person', 'resource'] as const;

export interface FacetsProps {
  readonly facets: RecordSummary['facets'];
  readonly search: RecordSearch;
  readonly onChoose: (change: Record<string, unknown>) => void;
}

export function Facets({ facets, search, onChoose }: FacetsProps) {
  return NAMES.map((name) => {
    // `outcome` has words of its own; what no search can ask for is not offered.
    const values = facets[name].filter(({ value }) => name !== 'outcome' || value in words.outcomes);
    if (values.length === 0) return null;
    return (
      <section key={name} aria-label={words.facets[name]}>
        <h2 className={styles.facetTitle}>{words.facets[name]}</h2>
        <ul className={styles.facet}>
          {values.map(({ value, count }) => {
            const chosen = search[name] === value;
            const label = name === 'outcome' ? (words.outcomes[value] ?? value) : value;
            return (
              <li key={value}>
                <button
                  type="button"
                  aria-pressed={chosen}
                  title={words.only(label)}
                  onClick={() => onChoose({ [name]: chosen ? undefined : value })}
                >
                  <span>{label}</span>
                  <span className={styles.facetCount}>{count.toLocaleString('en')}</span>
                </button>
              </li>
            );
          })}
        </ul>
      </section>
    );
  });
}
