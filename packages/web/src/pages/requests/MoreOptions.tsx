/** What few asks need: fewer tables, a later start, windows that come again. */
import { Anchor, Stack } from '@mantine/core';
import { useState } from 'react';
import { requests } from '../../words/requests.ts';
import { OnlyTables } from './OnlyTables.tsx';
import { When } from './When.tsx';
import type { Wanted } from './wanted.ts';

export interface MoreOptionsProps {
  readonly resource: string;
  readonly value: Wanted;
  readonly onChange: (value: Wanted) => void;
}

export function MoreOptions({ resource, value, onChange }: MoreOptionsProps) {
  const [toggled, toggle] = useState<boolean | null>(null);
  // What was asked for before is not hidden when it is asked for again.
  const shown = toggled ?? (value.only.length > 0 || value.start !== 'now');
  return (
    <div>
      <Anchor component="button" type="button" size="sm" onClick={() => toggle(!shown)} aria-expanded={shown}>
        {requests.ask.more}
      </Anchor>
      {shown && (
        <Stack gap="md" mt="xs">
          <OnlyTables resource={resource} only={value.only} onChange={(only) => onChange({ ...value, only })} />
          {!value.breakGlass && <When value={value} onChange={onChange} />}
        </Stack>
      )}
    </div>
  );
}
