/** The last column of a table of things that can be revoked: a button in each row. */
import { Button } from '@mantine/core';
import type { Column } from '../components/DataTable.tsx';

export interface RevokeWords {
  readonly revoke: string;
  readonly revokeOne: (name: string) => string;
}

export const revokeColumn = <Thing extends { readonly name: string }>(
  words: RevokeWords,
  onRevoke: (thing: Thing) => void,
): Column<Thing> => ({
  key: 'revoke',
  title: '',
  width: '7rem',
  cell: (thing) => (
    <Button
      size="compact-xs"
      color="red"
      variant="light"
      aria-label={words.revokeOne(thing.name)}
      onClick={() => onRevoke(thing)}
    >
      {words.revoke}
    </Button>
  ),
});
