/** One grant of mine: how long it lasts, how to get in, more time, giving it back. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import type { GrantView } from '@tidegate/contract';
import { api } from '../../api/client.ts';
import { stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Countdown } from '../../components/Countdown.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { whenOpened } from '../../components/whenOpened.tsx';
import { forPage } from '../../lib/refusal.ts';
import { isoText, timeText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { home } from '../../words/home.ts';
import type { ConnectDialogProps } from './ConnectDialog.tsx';
import type { ExtendDialogProps } from './ExtendDialog.tsx';
import styles from './Home.module.css';

const words = home.open;
const ConnectDialog = whenOpened<ConnectDialogProps>(async () => (await import('./ConnectDialog.tsx')).ConnectDialog);
const ExtendDialog = whenOpened<ExtendDialogProps>(async () => (await import('./ExtendDialog.tsx')).ExtendDialog);

export function GrantCard({ grant }: { readonly grant: GrantView }) {
  const [connecting, connect] = useDisclosure(false);
  const [extending, extend] = useDisclosure(false);
  const [leaving, leave] = useDisclosure(false);
  const { id, state, startsAt, expiresAt, role, resource } = grant;
  const isOpen = state === 'active' && startsAt !== null && expiresAt !== null;
  return (
    <article className={styles.card}>
      <div className={styles.ring}>
        {isOpen ? (
          <Countdown startsAt={startsAt} expiresAt={expiresAt} />
        ) : (
          <StateBadge state={state} label={access.state[state]} />
        )}
      </div>
      <div>
        <h3 className={styles.name}>
          <Link to="/requests/$id" params={{ id: grant.request }}>
            {role} {access.on} {resource}
          </Link>
        </h3>
        <p className={styles.what}>{aboutTime(grant)}</p>
        {grant.problem !== null && <p className={styles.what}>{words.problem(forPage(grant.problem))}</p>}
      </div>
      <div className={styles.deeds}>
        {isOpen && <Button onClick={connect.open}>{words.connect}</Button>}
        {isOpen && (
          <Button variant="default" onClick={extend.open}>
            {words.extend}
          </Button>
        )}
        {state !== 'closing' && (
          <Button variant="default" onClick={leave.open}>
            {words.relinquish}
          </Button>
        )}
      </div>
      <ConnectDialog grant={grant} opened={connecting} onClose={connect.close} />
      <ExtendDialog grant={grant} opened={extending} onClose={extend.close} />
      <ConfirmDialog
        opened={leaving}
        onClose={leave.close}
        title={words.relinquishTitle}
        deed={words.relinquish}
        harmful
        onConfirm={async () => {
          await api.relinquishGrant({ id });
          await stale('grants', 'grant', 'request');
        }}
      >
        {words.relinquishWhat(role, resource)}
      </ConfirmDialog>
    </article>
  );
}

function aboutTime({ state, startsAt, expiresAt, duration }: GrantView): string {
  if (state === 'closing') return words.closing;
  if (state === 'scheduled' || startsAt === null || expiresAt === null) return `${isoText(duration)}. ${words.opening}`;
  return words.ends(timeText(expiresAt));
}
