/** The pages a person may open, by section, as the areas registered them. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import { reading } from '../api/queries.ts';
import { Icon } from '../components/Icon.tsx';
import { common } from '../words/common.ts';
import styles from './Navigation.module.css';
import { NewNotices } from './NewNotices.tsx';
import { mayOpen, type NavigationEntry } from './navigation.ts';

const SECTIONS: readonly NavigationEntry['section'][] = ['access', 'watch', 'manage', 'you'];

export function Navigation() {
  const { data: me } = useSuspenseQuery(reading('me'));
  const { navigation } = useRouter().options.context;
  const entries = navigation.filter((entry) => mayOpen(entry, me));
  return SECTIONS.map((section) => {
    const own = entries.filter((entry) => entry.section === section);
    if (own.length === 0) return null;
    return (
      <div key={section} className={styles.section}>
        <h2 className={styles.title}>{common.sections[section]}</h2>
        <ul className={styles.list}>
          {own.map(({ to, title, icon, counts }) => (
            <li key={to}>
              <Link to={to} className={styles.entry} activeOptions={{ exact: to === '/' }}>
                <Icon name={icon} />
                {title}
                {counts === 'notices' && <NewNotices />}
              </Link>
            </li>
          ))}
        </ul>
      </div>
    );
  });
}
