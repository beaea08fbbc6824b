/** How I prove that it is me, where I am signed in, and keys of mine. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import { Page } from '../../components/Page.tsx';
import { security as words } from '../../words/security.ts';
import { ApiKeys } from './ApiKeys.tsx';
import { Logins } from './Logins.tsx';
import { Passkeys } from './Passkeys.tsx';
import { Password } from './Password.tsx';
import { RecoveryCodes } from './RecoveryCodes.tsx';
import { Totp } from './Totp.tsx';

export function SecurityPage() {
  const { mfa, session } = useSuspenseQuery(reading('me')).data;
  return (
    <Page title={words.title} lead={words.lead}>
      <Passkeys />
      <Totp />
      {(mfa.totp || mfa.passkeys > 0) && <RecoveryCodes />}
      {session.how !== 'oidc' && <Password />}
      <Logins />
      <ApiKeys />
    </Page>
  );
}
