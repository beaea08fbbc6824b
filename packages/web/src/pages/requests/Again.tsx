/** What I asked for before, once each: one press brings it all back. */
import { useQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import { ButtonLink } from '../../components/ButtonLink.tsx';
import { Section } from '../../components/Section.tsx';
import { isoText } from '../../lib/time.ts';
import { requests } from '../../words/requests.ts';
import styles from './Ask.module.css';

const SHOWN = 4;

export function Again() {
  const { data } = useQuery(reading('requests', { filter: 'mine' }));
  const known = new Set<string>();
  const recent = (data?.items ?? []).filter(({ resource, role, extends: more }) => {
    const key = `${resource} ${role}`;
    if (more !== null || known.has(key)) return false;
    known.add(key);
    return true;
  });
  if (recent.length === 0) return null;
  return (
    <Section title={requests.ask.recent}>
      <div className={styles.again}>
        {recent.slice(0, SHOWN).map(({ id, resource, role, duration }) => (
          <ButtonLink key={id} variant="default" to="/request" search={{ resource, role, for: duration, again: id }}>
            {requests.one.title(role, resource)} · {isoText(duration)}
          </ButtonLink>
        ))}
      </div>
    </Section>
  );
}
