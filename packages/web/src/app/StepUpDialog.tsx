/** Asks for a second factor when a call wants one. */
import { Modal, Stack, Text } from '@mantine/core';
import { api } from '../api/client.ts';
import { stale } from '../api/queries.ts';
import { useAsked } from '../api/step-up.ts';
import { common } from '../words/common.ts';
import { security } from '../words/security.ts';
import { Factors, type Shown } from './Factors.tsx';

export function StepUpDialog() {
  const asked = useAsked();
  const done = async () => {
    await stale('me');
    asked?.answer(true);
  };
  return (
    <Modal
      opened={asked !== null}
      onClose={() => asked?.answer(false)}
      title={security.stepUp.title}
      closeButtonProps={{ 'aria-label': common.close }}
      zIndex={400}
    >
      {asked !== null && (
        <Stack gap="sm">
          <Text>{asked.why}</Text>
          <Factors show={showHere} onDone={() => void done()} />
        </Stack>
      )}
    </Modal>
  );
}

/** On this login. */
export function showHere(shown: Shown): Promise<unknown> {
  if ('passkey' in shown) return api.showPasskey(shown.passkey);
  // biome-ignore lint/correctness/useHookAtTopLevel: an endpoint of that name, no hook
  return shown.recovery ? api.useRecoveryCode({ code: shown.code }) : api.verifyTotp({ code: shown.code });
}
