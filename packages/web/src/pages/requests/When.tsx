/** When access begins: at once, once later, or in windows that come again. */
import { Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { weekday } from '@tidegate/contract';
import { useMemo } from 'react';
import { zone, zoneName } from '../../lib/time.ts';
import { allZones, dayOf, timeIn } from '../../lib/windows.ts';
import { windows as words } from '../../words/windows.ts';
import styles from './Ask.module.css';
import { openingsOf, type Wanted, WINDOWS_MAX_MS, type Windows } from './wanted.ts';

const STARTS = ['now', 'later', 'again'] as const;

export interface WhenProps {
  readonly value: Wanted;
  readonly onChange: (value: Wanted) => void;
}

export function When({ value, onChange }: WhenProps) {
  const { start, windows } = value;
  return (
    <fieldset className={styles.fieldset}>
      <legend className={styles.legend}>{words.when}</legend>
      <div className={styles.starts}>
        {STARTS.map((each) => (
          <label key={each} className={styles.choice}>
            <input
              type="radio"
              name="start"
              value={each}
              checked={start === each}
              onChange={() => onChange({ ...value, start: each })}
            />
            {words.starts[each]}
          </label>
        ))}
      </div>
      {start === 'now' && <p className={styles.under}>{words.now}</p>}
      {start === 'later' && (
        <TextInput
          className={styles.under}
          type="datetime-local"
          label={words.startsAt(zoneName())}
          onChange={(event) => onChange({ ...value, startsAt: instantOf(event.currentTarget.value) })}
          required
        />
      )}
      {start === 'again' && (
        <Again windows={windows} onChange={(change) => onChange({ ...value, windows: { ...windows, ...change } })} />
      )}
    </fieldset>
  );
}

interface AgainProps {
  readonly windows: Windows;
  readonly onChange: (change: Partial<Windows>) => void;
}

function Again({ windows, onChange }: AgainProps) {
  const { days, at, timeZone, lastDay } = windows;
  // A zone that this browser does not know may stand in what was asked before.
  const zones = useMemo(() => [...new Set([timeZone, ...allZones()])], [timeZone]);
  const today = Date.now();
  return (
    <Stack gap="sm" className={styles.under}>
      <fieldset className={styles.fieldset}>
        <legend className={styles.legend}>{words.days}</legend>
        <div className={styles.days}>
          {weekday.options.map((day) => (
            <label key={day} className={styles.choice}>
              <input
                type="checkbox"
                aria-label={words.dayNames[day]}
                checked={days.includes(day)}
                onChange={() =>
                  onChange({ days: weekday.options.filter((each) => days.includes(each) !== (each === day)) })
                }
              />
              {words.short[day]}
            </label>
          ))}
        </div>
      </fieldset>
      <Group gap="sm" align="flex-start">
        <TextInput
          type="time"
          label={words.at}
          value={at}
          onChange={(event) => onChange({ at: event.currentTarget.value.slice(0, 5) })}
          required
        />
        <Select
          label={words.zone}
          data={zones}
          searchable
          limit={60}
          value={timeZone}
          onChange={(next) => onChange({ timeZone: next ?? zone })}
          allowDeselect={false}
        />
      </Group>
      <TextInput
        type="date"
        label={words.until}
        description={words.untilHint}
        value={lastDay}
        min={dayOf(today, timeZone)}
        max={dayOf(today + WINDOWS_MAX_MS - 24 * 3_600_000, timeZone)}
        onChange={(event) => onChange({ lastDay: event.currentTarget.value })}
        className={styles.date}
        required
      />
      {/* What they come to stands under “What will happen”. */}
      {(openingsOf(windows)?.count ?? 0) === 0 && (
        <Text size="sm" role="status">
          {opensText(windows)}
        </Text>
      )}
    </Stack>
  );
}

/** What the windows come to, by their clocks and by the reader's where these are others. */
export function opensText(windows: Windows): string {
  const opens = openingsOf(windows);
  if (opens === null) return words.incomplete;
  if (opens.first === null) return words.none;
  const { timeZone } = windows;
  const there = words.inZone(timeIn(opens.first, timeZone), timeZone);
  const here = timeZone === zone ? '' : ` (${words.yours(timeIn(opens.first, zone))})`;
  return words.opens(`${there}${here}`, opens.count);
}

/** What a `datetime-local` holds, in the reader's zone; null while it is empty or half typed. */
function instantOf(local: string): string | null {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
