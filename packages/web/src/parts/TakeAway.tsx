/** The button that takes somebody’s grant away, for those who may: with a reason, which its person is told. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useSuspenseQuery } from '@tanstack/react-query';
import type { GrantView } from '@tidegate/contract';
import { api } from '../api/client.ts';
import { reading, stale } from '../api/queries.ts';
import { ConfirmDialog } from '../components/ConfirmDialog.tsx';
import { mayAct } from '../lib/may.ts';
import { takeAway as words } from '../words/take-away.ts';

export interface TakeAwayProps {
  readonly grant: Pick<GrantView, 'id' | 'person' | 'resource' | 'role' | 'state'>;
  /** Among other rows: smaller, and named after its person. */
  readonly inRow?: boolean;
}

export function TakeAway({ grant: { id, person, resource, role, state }, inRow = false }: TakeAwayProps) {
  const { data: me } = useSuspenseQuery(reading('me'));
  const [asked, ask] = useDisclosure(false);
  if (!mayAct(me, resource) || person === me.name || state === 'closed' || state === 'closing') return null;
  return (
    <>
      <Button
        color="red"
        variant={inRow ? 'light' : 'default'}
        size={inRow ? 'compact-xs' : 'xs'}
        onClick={ask.open}
        {...(inRow ? { 'aria-label': words.one(person, role) } : {})}
      >
        {words.deed}
      </Button>
      <ConfirmDialog
        opened={asked}
        onClose={ask.close}
        title={words.of(person, role)}
        deed={words.deed}
        harmful
        reason={{ label: words.reason }}
        onConfirm={async (reason) => {
          await api.revokeGrant({ id, reason });
          await stale('grants', 'grant', 'grantStory', 'request', 'requests', 'resource', 'resources');
        }}
      >
        {words.what}
      </ConfirmDialog>
    </>
  );
}
