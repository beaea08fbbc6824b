/** How long: one of the usual times, or any typed as `45m` or `1h30m`; never more than the most that is allowed. */
import { Button, Group, TextInput } from '@mantine/core';
import { useState } from 'react';
import { durationText } from '../lib/time.ts';
import { typedMs } from '../lib/typed.ts';
import { common } from '../words/common.ts';

export interface DurationInputProps {
  readonly label: string;
  readonly ms: number;
  readonly onChange: (ms: number) => void;
  readonly maxMs?: number | null;
}

const MINUTE = 60_000;
const USUAL = [15, 30, 60, 120, 240, 480].map((minutes) => minutes * MINUTE);

export function DurationInput({ label, ms, onChange, maxMs = null }: DurationInputProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const usual = USUAL.filter((each) => maxMs === null || each <= maxMs);
  const bad = typed !== null && typedMs(typed) === null;
  const tooLong = maxMs !== null && ms > maxMs;
  return (
    <div>
      <TextInput
        label={label}
        description={maxMs === null ? undefined : common.duration.most(durationText(maxMs))}
        value={typed ?? durationText(ms)}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          const next = typedMs(event.currentTarget.value);
          if (next !== null) onChange(next);
        }}
        onBlur={() => setTyped(null)}
        error={bad ? common.duration.unread : tooLong ? common.duration.tooLong : undefined}
      />
      <Group gap={4} mt={6}>
        {usual.map((each) => (
          <Button
            key={each}
            variant={each === ms ? 'light' : 'default'}
            size="compact-xs"
            aria-pressed={each === ms}
            onClick={() => {
              setTyped(null);
              onChange(each);
            }}
          >
            {durationText(each)}
          </Button>
        ))}
      </Group>
    </div>
  );
}
