/** Asked before what cannot be undone; where the API wants a reason, it is asked for here. */
import { Button, Group, Modal, Text, Textarea } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { common } from '../words/common.ts';
import { told } from './ErrorState.tsx';

export interface ConfirmDialogProps {
  readonly opened: boolean;
  readonly title: string;
  readonly children: ReactNode;
  /** What the button says: the deed itself. */
  readonly deed: string;
  readonly harmful?: boolean;
  /** Ask for a reason of at least one character. */
  readonly reason?: { readonly label: string; readonly optional?: boolean };
  /** Resolves when it is done: the dialog then closes. Rejects: the dialog says why and stays. */
  readonly onConfirm: (reason: string) => Promise<unknown>;
  readonly onClose: () => void;
}

export function ConfirmDialogBox(props: ConfirmDialogProps) {
  const { opened, title, onClose } = props;
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': common.close }}>
      {opened && <Asked {...props} />}
    </Modal>
  );
}

function Asked({ children, deed, harmful = false, reason, onConfirm, onClose }: ConfirmDialogProps) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const missing = reason !== undefined && reason.optional !== true && text.trim() === '';

  const confirm = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onConfirm(text.trim());
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void confirm(event)}>
      <Text size="md">{children}</Text>
      {reason !== undefined && (
        <Textarea
          mt="sm"
          label={reason.label}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maxLength={2000}
          autosize
          minRows={2}
          data-autofocus
        />
      )}
      {error !== null && (
        <Text mt="sm" c="var(--tide-bad)" role="alert">
          {told(error).what} {told(error).next}
        </Text>
      )}
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={onClose}>
          {common.cancel}
        </Button>
        <Button type="submit" color={harmful ? 'red' : 'blue'} loading={busy} disabled={missing}>
          {deed}
        </Button>
      </Group>
    </form>
  );
}
