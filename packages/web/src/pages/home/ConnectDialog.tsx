/** A ticket for a grant, and how each program takes it. Asked for when the dialog opens: never kept, never shown again. */
import { Anchor, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Connection, GrantView } from '@tidegate/contract';
import { type ReactNode, useId } from 'react';
import { api } from '../../api/client.ts';
import { insist } from '../../api/step-up.ts';
import { Copyable } from '../../components/Copyable.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { CA_FILE, waysIn } from '../../lib/ways.ts';
import { common } from '../../words/common.ts';
import { home } from '../../words/home.ts';
import styles from './ConnectDialog.module.css';

const words = home.connect;

export interface ConnectDialogProps {
  readonly grant: GrantView;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function ConnectDialog({ grant, opened, onClose }: ConnectDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={words.title(grant.resource)}
      size="lg"
      closeButtonProps={{ 'aria-label': common.close }}
    >
      {opened && <Ticket grant={grant} />}
    </Modal>
  );
}

function Ticket({ grant }: { readonly grant: GrantView }) {
  const attempt = useId();
  const ticket = useQuery({
    queryKey: ['ticket', grant.id, attempt],
    queryFn: () => insist(() => api.connect({ resource: grant.resource, grant: grant.id })),
    // One ticket for each time it was asked for: never made anew behind the person's back, and forgotten at once.
    staleTime: 'static',
    gcTime: 0,
    retry: false,
  });
  return <Read query={ticket}>{(connection) => <Ways to={connection} resource={grant.resource} />}</Read>;
}

function Ways({ to, resource }: { readonly to: Connection; readonly resource: string }) {
  return (
    <Stack gap="xs">
      <Text c="dimmed">{words.hint}</Text>
      <dl className={styles.ways}>
        {waysIn(to)
          .filter(({ secret }) => secret !== true)
          .map(({ what, text }) => (
            <Line key={what} what={what}>
              <Copyable what={what} text={text} />
            </Line>
          ))}
        <Line what={words.password}>
          <Copyable what={words.password} text={to.password} hidden />
        </Line>
        {waysIn(to)
          .filter(({ secret }) => secret === true)
          .map(({ what, text }) => (
            <Line key={what} what={what}>
              <Copyable what={what} text={text} hidden />
            </Line>
          ))}
        <Line what={words.cli}>
          <Copyable what={words.cli} text={`tidegate connect ${resource} --grant ${to.grant}`} />
        </Line>
        {to.tlsRequired && (
          <Line what={words.authority}>
            <Anchor href={`data:application/x-pem-file,${encodeURIComponent(to.ca)}`} download={CA_FILE}>
              {words.download} ({CA_FILE})
            </Anchor>
          </Line>
        )}
        <Line what={words.until}>
          <RelativeTime at={to.expiresAt} />
        </Line>
      </dl>
    </Stack>
  );
}

const Line = ({ what, children }: { readonly what: string; readonly children: ReactNode }) => (
  <>
    <dt>{what}</dt>
    <dd>{children}</dd>
  </>
);
