/** The button that makes an API key, for those who may; its dialog is fetched when it is opened. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useSuspenseQuery } from '@tanstack/react-query';
import type { PersonView } from '@tidegate/contract';
import { reading } from '../api/queries.ts';
import { whenOpened } from '../components/whenOpened.tsx';
import { keys as words } from '../words/keys.ts';
import type { MakeKeyProps } from './MakeKeyDialog.tsx';

const Dialog = whenOpened<MakeKeyProps>(async () => (await import('./MakeKeyDialog.tsx')).MakeKeyDialog);

export function MakeKey({ person }: { readonly person?: PersonView['name'] }) {
  const { data: me } = useSuspenseQuery(reading('me'));
  const [opened, { open, close }] = useDisclosure(false);
  if (!me.mayMakeKeys || (person !== undefined && person !== me.name && !me.administrator)) return null;
  return (
    <>
      <Button variant="default" onClick={open}>
        {words.make}
      </Button>
      <Dialog opened={opened} onClose={close} me={me} person={person ?? me.name} />
    </>
  );
}
