/** Asks for more time on an open grant: a request like any other. */
import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import type { GrantView } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { stale } from '../../api/queries.ts';
import { insist } from '../../api/step-up.ts';
import { DurationInput } from '../../components/DurationInput.tsx';
import { Problem } from '../../components/Problem.tsx';
import { isoDuration } from '../../lib/time.ts';
import { common } from '../../words/common.ts';
import { home } from '../../words/home.ts';

const words = home.extend;
const HALF_AN_HOUR = 30 * 60_000;

export interface ExtendDialogProps {
  readonly grant: GrantView;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function ExtendDialog({ grant, opened, onClose }: ExtendDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={words.title} closeButtonProps={{ 'aria-label': common.close }}>
      {opened && <Asked grant={grant} onClose={onClose} />}
    </Modal>
  );
}

function Asked({ grant, onClose }: Pick<ExtendDialogProps, 'grant' | 'onClose'>) {
  const [ms, setMs] = useState(HALF_AN_HOUR);
  const [reason, setReason] = useState('');
  const ask = useMutation({
    mutationFn: () => insist(() => api.extendGrant({ id: grant.id, duration: isoDuration(ms), reason })),
    onSuccess: async () => {
      notifications.show({ message: words.asked });
      onClose();
      await stale('requests', 'grants');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text c="dimmed">{words.what}</Text>
        <DurationInput label={words.for} ms={ms} onChange={setMs} />
        <Textarea
          label={words.reason}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={2000}
          autosize
          minRows={2}
        />
        <Problem error={ask.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={ask.isPending}>
            {words.deed}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
