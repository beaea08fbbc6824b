/** A strip over the page while Tidegate cannot be reached, which comes and goes by itself; and when the login has ended. */
import { Link, useRouterState } from '@tanstack/react-router';
import { useLive } from '../api/live.ts';
import { common } from '../words/common.ts';
import { Icon } from './Icon.tsx';
import styles from './State.module.css';

export function Offline() {
  const state = useLive();
  const here = useRouterState({ select: ({ location }) => location.href });
  return (
    <div role="status" aria-live="polite">
      {state === 'lost' && (
        <div className={styles.offline}>
          <Icon name="offline" />
          <strong>{common.offline.title}</strong>
          {common.offline.hint}
        </div>
      )}
      {state === 'ended' && (
        <div className={styles.offline}>
          <Icon name="key" />
          <strong>{common.ended.title}</strong>
          <Link to="/sign-in" search={{ to: here }}>
            {common.ended.signIn}
          </Link>
        </div>
      )}
    </div>
  );
}
