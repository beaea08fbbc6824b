/** The tables that a role is narrowed to: picked from those that are there, or typed where they cannot be seen. */
import { TagsInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ResourceObjects } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';
import { told } from '../../components/ErrorState.tsx';
import { requests } from '../../words/requests.ts';
import styles from './Ask.module.css';

const words = requests.ask;
const SUGGESTED = 50;

export interface OnlyTablesProps {
  readonly resource: string;
  readonly only: readonly string[];
  readonly onChange: (only: readonly string[]) => void;
}

type Table = ResourceObjects['tables'][number];

export function OnlyTables({ resource, only, onChange }: OnlyTablesProps) {
  const { data, error, isPending } = useQuery({
    ...reading('resourceObjects', { name: resource }),
    // Whoever cannot be asked now is not asked again and again while somebody types.
    retry: false,
  });
  const tables = new Map<string, Table>();
  for (const table of data?.tables ?? []) if (!tables.has(table.only)) tables.set(table.only, table);
  const hint = isPending
    ? words.onlyLooking
    : error !== null
      ? words.onlyUnseen(told(error).what)
      : data?.more === true
        ? words.onlyMore
        : words.onlyHint;
  return (
    <TagsInput
      label={words.only}
      description={hint}
      placeholder={only.length === 0 ? words.onlyNone : ''}
      data={[...tables.keys()]}
      limit={SUGGESTED}
      maxDropdownHeight={260}
      value={[...only]}
      onChange={onChange}
      splitChars={[]}
      acceptValueOnBlur
      clearable
      classNames={{ input: styles.box, inputField: styles.field }}
      clearButtonProps={{ 'aria-label': words.onlyClear }}
      renderOption={({ option }) => <Option name={option.value} table={tables.get(option.value)} />}
    />
  );
}

function Option({ name, table }: { readonly name: string; readonly table: Table | undefined }) {
  return (
    <span className={styles.table}>
      <span>{name}</span>
      {table !== undefined && (
        <span className={styles.fine}>
          {table.kind === 'view' ? words.view : ''} {words.columns(table.columns.length)}
        </span>
      )}
    </span>
  );
}
