/** A strip over the page while Tidegate cannot be reached. It comes and goes by itself. */
import { useLive } from '../api/live.ts';
import { common } from '../words/common.ts';
import { Icon } from './Icon.tsx';
import styles from './State.module.css';

export function Offline() {
  const state = useLive();
  return (
    <div role="status" aria-live="polite">
      {state === 'lost' && (
        <div className={styles.offline}>
          <Icon name="offline" />
          <strong>{common.offline.title}</strong>
          {common.offline.hint}
        </div>
      )}
    </div>
  );
}
