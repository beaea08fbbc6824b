/** Two texts, line by line: what went, what came, and a few lines around. Told by sign as well as colour. */
import { structuredPatch } from 'diff';
import { useMemo } from 'react';
import { policies as words } from '../../words/policies.ts';
import styles from './policies.module.css';

const AROUND = 3;

export function Differences({ from, to }: { readonly from: string; readonly to: string }) {
  const { hunks } = useMemo(() => structuredPatch('', '', from, to, '', '', { context: AROUND }), [from, to]);
  if (hunks.length === 0) return <p className={styles.hint}>{words.same}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <div className={styles.diff} tabIndex={0} role="group" aria-label={words.differences}>
      {hunks.map((hunk) => (
        <pre key={`${hunk.oldStart} ${hunk.newStart}`}>
          <span className={styles.place}>{`@@ ${hunk.oldStart} → ${hunk.newStart}`}</span>
          {hunk.lines.map((line, index) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
              key={index}
              className={line.startsWith('+') ? styles.came : line.startsWith('-') ? styles.went : styles.kept}
            >
              {line}
            </span>
          ))}
        </pre>
      ))}
    </div>
  );
}
