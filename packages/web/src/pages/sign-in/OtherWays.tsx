/** Ways to sign in besides a password: a passkey of Tidegate’s own, and the identity providers that are set up. */
import { Button, Divider } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { canPasskeys } from '../../api/passkeys.ts';
import { reading } from '../../api/queries.ts';
import { signInAt, signInWithPasskey } from '../../api/session.ts';
import { Problem } from '../../components/Problem.tsx';
import { signIn as words } from '../../words/sign-in.ts';

export interface OtherWaysProps {
  /** Where to go afterwards. */
  readonly to: string;
  readonly onDone: () => void;
}

export function OtherWays({ to, onDone }: OtherWaysProps) {
  const ways = useQuery(reading('signInWays'));
  const passkey = useMutation({ mutationFn: signInWithPasskey, onSuccess: onDone });
  const provider = useMutation({ mutationFn: (name: string) => signInAt(name, to) });
  const providers = ways.data?.providers ?? [];
  const local = canPasskeys() && ways.data?.local === true;
  if (!local && providers.length === 0) return null;
  return (
    <>
      <Divider label={words.or} />
      {providers.map(({ name }) => (
        <Button
          key={name}
          size="sm"
          variant="default"
          loading={provider.isPending && provider.variables === name}
          onClick={() => provider.mutate(name)}
        >
          {words.at(name)}
        </Button>
      ))}
      {local && (
        <Button size="sm" variant="default" loading={passkey.isPending} onClick={() => passkey.mutate()}>
          {words.passkey}
        </Button>
      )}
      <Problem error={passkey.error ?? provider.error} />
    </>
  );
}
