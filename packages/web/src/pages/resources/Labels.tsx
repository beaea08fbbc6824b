/** Labels as they are written: `env=prod`. */
import { resources as words } from '../../words/resources.ts';
import styles from './resources.module.css';

export function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return <span className={styles.none}>{words.noLabels}</span>;
  return (
    <span className={styles.labels}>
      {pairs.map(([name, value]) => (
        <span key={name} className={styles.label}>
          {name}={value}
        </span>
      ))}
    </span>
  );
}
