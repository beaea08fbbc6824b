/** My grants that are open, or on their way to be opened or closed. */
import { useQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import { ButtonLink } from '../../components/ButtonLink.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Read } from '../../components/Read.tsx';
import { Section } from '../../components/Section.tsx';
import { home } from '../../words/home.ts';
import { GrantCard } from './GrantCard.tsx';
import styles from './Home.module.css';

export function OpenGrants({ me }: { readonly me: string }) {
  const grants = useQuery(reading('grants', { person: me }));
  return (
    <Section title={home.open.title}>
      <Read query={grants}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState
              title={home.open.none}
              hint={home.open.noneHint}
              action={
                <ButtonLink variant="default" to="/request">
                  {home.ask}
                </ButtonLink>
              }
            />
          ) : (
            <ul className={styles.cards}>
              {items.map((grant) => (
                <li key={grant.id}>
                  <GrantCard grant={grant} />
                </li>
              ))}
            </ul>
          )
        }
      </Read>
    </Section>
  );
}
