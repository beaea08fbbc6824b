/** How I prove that it is me, where I am signed in, and keys of mine. */
import { Page } from '../../components/Page.tsx';
import { security as words } from '../../words/security.ts';
import { ApiKeys } from './ApiKeys.tsx';
import { Logins } from './Logins.tsx';
import { Passkeys } from './Passkeys.tsx';
import { Password } from './Password.tsx';
import { RecoveryCodes } from './RecoveryCodes.tsx';
import { Totp } from './Totp.tsx';

export function SecurityPage() {
  return (
    <Page title={words.title} lead={words.lead}>
      <Passkeys />
      <Totp />
      <RecoveryCodes />
      <Password />
      <Logins />
      <ApiKeys />
    </Page>
  );
}
