/** A refusal or a fault, in the server's own sentence, with the next step; a login that ended leads to sign in again. */
import { Button } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import { Refusal } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { Unfetched } from '../app/fetched.ts';
import { refusalForPage } from '../lib/refusal.ts';
import { common } from '../words/common.ts';
import styles from './State.module.css';

export interface ErrorStateProps {
  readonly error: unknown;
  /** Where another try may do. */
  readonly again?: () => void;
}

export function ErrorState({ error, again }: ErrorStateProps) {
  const router = useRouter();
  const { title, what, next, trace } = told(error);
  const ended = error instanceof Refusal && error.code === 'unauthenticated';
  const signIn = () => router.navigate({ to: '/sign-in', search: { to: router.state.location.href } });
  return (
    <div className={`${styles.state} ${styles.error}`} role="alert">
      <p className={styles.title}>{title}</p>
      <p className={styles.hint}>
        {what} {next}
      </p>
      {trace !== null && <p className={styles.hint}>{common.error.trace(trace)}</p>}
      <div className={styles.todo}>
        {ended && <Button onClick={() => void signIn()}>{common.error.signInAgain}</Button>}
        {!ended && again !== undefined && (
          <Button variant="default" onClick={again}>
            {common.again}
          </Button>
        )}
      </div>
    </div>
  );
}

/** What is said of an error: the server's words where it gave any, in a page's where they name the command line. */
export function told(error: unknown) {
  if (error instanceof Unfetched) {
    const { title, what, next } = common.error.unfetched;
    return { title, what, next, trace: null };
  }
  // The API’s, or what editing the configuration’s text in the browser refuses.
  if (!(error instanceof TidegateError)) {
    return { title: common.error.title, what: common.error.unknown, next: common.error.reload, trace: null };
  }
  const titles: Readonly<Record<string, string>> = {
    forbidden: common.error.forbidden,
    not_found: common.error.notFound,
    unavailable: common.error.unavailable,
    unauthenticated: common.error.expired,
  };
  return {
    title: titles[error.code] ?? common.error.title,
    ...refusalForPage(error.code, error.message, error.next),
    trace: error instanceof Refusal && error.code === 'internal' ? (error.problem?.traceId ?? null) : null,
  };
}
