/** What is shown in place of a page that failed. It comes with the first load: what it is for is often the network. */
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { ErrorState } from '../components/ErrorState.tsx';
import styles from '../components/Page.module.css';
import { Unfetched } from './fetched.ts';

export function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = async () => {
    if (error instanceof Unfetched && !(await error.again())) {
      // Offline, another load would end at the browser's own error page.
      if (await isReachable()) location.reload();
      return;
    }
    reset();
    await router.invalidate();
  };
  return (
    <div className={styles.page}>
      <ErrorState error={error} again={() => void again()} />
    </div>
  );
}

const isReachable = (): Promise<boolean> =>
  fetch('/', { method: 'HEAD', cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );
