/** Windows that come again, and when access begins. */
const days = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
} as const;

export const windows = {
  when: 'When',
  starts: { now: 'At once', later: 'Later', again: 'Again and again' },
  now: 'As soon as it is approved.',
  startsAt: (zone: string) => `Start (${zone})`,
  days: 'On',
  dayNames: days,
  short: { mon: 'Mon', tue: 'Tue', wed: 'Wed', thu: 'Thu', fri: 'Fri', sat: 'Sat', sun: 'Sun' },
  at: 'At',
  zone: 'By the clocks of',
  until: 'Last day',
  untilHint: 'Within 90 days; then somebody agrees to it anew.',
  incomplete: 'Choose at least one day, a time and the last day.',
  none: 'There is no such window before the end.',
  opens: (first: string, count: number) =>
    count === 1 ? `It opens once: ${first}.` : `It opens ${count} times, first ${first}.`,
  inZone: (time: string, zone: string) => `${time} in ${zone}`,
  yours: (time: string) => `${time} for you`,
  /** `Every Tuesday and Thursday`. */
  every: (chosen: readonly (keyof typeof days)[]): string => {
    if (chosen.length === 7) return 'Every day';
    if (chosen.join() === 'mon,tue,wed,thu,fri') return 'Monday to Friday';
    const names = chosen.map((day) => days[day]);
    const last = names.at(-1) ?? '';
    return `Every ${names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${last}` : last}`;
  },
  said: (every: string, at: string, duration: string, zone: string) =>
    `${every} at ${at} for ${duration}, by the clocks of ${zone}`,
  title: 'Windows',
  last: 'Last day',
  next: 'Opens next',
  over: 'There are no more.',
  once: 'Approved once; each window is an access of its own and ends on time, however late it was opened.',
  opensAgain: 'opens again',
} as const;
