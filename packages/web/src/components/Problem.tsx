/** A refusal beside the form that met it: what, and what next. Nothing where there is none. */
import { Text } from '@mantine/core';
import { told } from './ErrorState.tsx';

export function Problem({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  const { what, next } = told(error);
  return (
    <Text c="var(--tide-bad)" role="alert">
      {what} {next}
    </Text>
  );
}
