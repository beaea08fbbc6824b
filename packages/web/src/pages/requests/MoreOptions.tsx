/** What few asks need: fewer tables, a later start, breaking the glass. */
import { Anchor, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import { zoneName } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { requests } from '../../words/requests.ts';

const words = requests.ask;
const SUGGESTED = 50;

export interface Narrowing {
  /** Tables and views, with their schema; none: all that the role gives. */
  readonly only: readonly string[];
  /** RFC 3339; null: as soon as it is approved. */
  readonly startsAt: string | null;
  readonly breakGlass: boolean;
}

export interface MoreOptionsProps {
  readonly resource: string;
  readonly value: Narrowing;
  readonly onChange: (value: Narrowing) => void;
}

export function MoreOptions(props: MoreOptionsProps) {
  const [shown, { toggle }] = useDisclosure(false);
  return (
    <div>
      <Anchor component="button" type="button" size="sm" onClick={toggle} aria-expanded={shown}>
        {words.more}
      </Anchor>
      {shown && <Options {...props} />}
    </div>
  );
}

function Options({ resource, value, onChange }: MoreOptionsProps) {
  const objects = useQuery({ ...reading('resourceObjects', { name: resource }), retry: false });
  const names = (objects.data?.tables ?? []).map(({ only }) => only);
  return (
    <Stack gap="sm" mt="xs">
      <TagsInput
        label={words.only}
        description={words.onlyHint}
        placeholder={value.only.length === 0 ? words.onlyNone : ''}
        data={[...new Set(names)]}
        limit={SUGGESTED}
        value={[...value.only]}
        onChange={(only) => onChange({ ...value, only })}
      />
      <TextInput
        type="datetime-local"
        label={words.startsAt(zoneName())}
        description={words.now}
        onChange={(event) => onChange({ ...value, startsAt: instantOf(event.currentTarget.value) })}
      />
      <Switch
        label={access.breakGlass}
        description={words.happens.break}
        checked={value.breakGlass}
        onChange={(event) => onChange({ ...value, breakGlass: event.currentTarget.checked })}
      />
    </Stack>
  );
}

/** What a `datetime-local` holds, in the reader's zone; null while it is empty or half typed. */
function instantOf(local: string): string | null {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
