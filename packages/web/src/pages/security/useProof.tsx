/**
 * Whoever has a second factor shows that one to add another; whoever has none yet types the password again. The API says
 * which: this is only the field for it.
 */
import { useSuspenseQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { reading } from '../../api/queries.ts';
import { PasswordField } from '../../components/PasswordField.tsx';
import { security } from '../../words/security.ts';

export interface Proof {
  /** To go along with the call. */
  readonly given: { readonly password?: string };
  /** Nothing where a second factor will be asked for. */
  readonly field: ReactNode;
  readonly forget: () => void;
}

export function useProof(): Proof {
  const { mfa } = useSuspenseQuery(reading('me')).data;
  const [password, setPassword] = useState('');
  const forget = () => setPassword('');
  if (mfa.totp || mfa.passkeys > 0) return { given: {}, field: null, forget };
  return {
    given: { password },
    forget,
    field: <PasswordField label={security.password.again} value={password} onChange={setPassword} />,
  };
}
