/** Where a password is typed: one that is known, or a new one, which has to be long enough. */
import { PasswordInput } from '@mantine/core';
import type { ReactNode } from 'react';

export interface PasswordFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The API says what else a new one has to be. */
  readonly made?: boolean;
  readonly description?: string;
  readonly error?: ReactNode;
}

export function PasswordField({ onChange, made = false, ...shown }: PasswordFieldProps) {
  return (
    <PasswordInput
      {...shown}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete={made ? 'new-password' : 'current-password'}
      {...(made ? { minLength: 8 } : {})}
      maxLength={256}
      required
      withAsterisk={false}
    />
  );
}
