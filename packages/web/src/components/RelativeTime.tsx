/** When something was or will be: how far away, and the time itself, in the reader's zone, which is named. */
import { Tooltip } from '@mantine/core';
import { useNow } from '../lib/now.ts';
import { exactTime, relativeText, timeText } from '../lib/time.ts';

export interface RelativeTimeProps {
  /** RFC 3339. */
  readonly at: string;
  /** `age` alone, the `time` alone, or `both`. */
  readonly show?: 'age' | 'time' | 'both';
}

export function RelativeTime({ at, show = 'both' }: RelativeTimeProps) {
  const now = useNow(10);
  const age = relativeText(at, now);
  const time = timeText(at, now);
  return (
    <Tooltip label={exactTime(at)}>
      <time dateTime={at}>{show === 'age' ? age : show === 'time' ? time : `${age} (${time})`}</time>
    </Tooltip>
  );
}
