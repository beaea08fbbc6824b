/** What conditions can speak of: one documented list of names and types, and their values for one ask (docs/POLICY.md). */
import { Duration } from '@marcbachmann/cel-js/evaluator';
import type { PersonName, RoleName } from '../ids.ts';
import type { Person, Resource } from '../model.ts';
import { WEEKDAYS } from '../model.ts';
import { milliseconds } from '../time.ts';

/** An ask, as far as conditions can speak of it. */
export interface Circumstances {
  readonly person: Person;
  readonly resource: Resource;
  readonly role: RoleName;
  readonly duration: Temporal.Duration;
  /** null: now. */
  readonly startsAt: Temporal.Instant | null;
  readonly reason: string;
  readonly ticket: string | null;
  readonly breakGlass: boolean;
  readonly extension: boolean;
  readonly now: Temporal.Instant;
  /** IANA name. */
  readonly timeZone: string;
}

/** A moment as people speak of it. */
const MOMENT = {
  hour: 'int',
  minute: 'int',
  /** `mon` … `sun`. */
  weekday: 'string',
  /** `2026-11-22`. */
  date: 'string',
  at: 'google.protobuf.Timestamp',
} as const;

/** Every name a condition may use, with its type in CEL's words. */
export const FACTS = {
  now: MOMENT,
  /** When the access would begin. */
  start: MOMENT,
  request: {
    role: 'string',
    duration: 'google.protobuf.Duration',
    reason: 'string',
    ticket: 'string',
    breakGlass: 'bool',
    extension: 'bool',
  },
  person: { name: 'string', workload: 'bool', groups: 'list<string>', manager: 'string' },
  resource: {
    name: 'string',
    engine: 'string',
    labels: 'map<string, string>',
    databases: 'list<string>',
  },
} as const;

/** The values behind `FACTS`. What was not given is an empty text. */
export function factsOf(ask: Circumstances): Readonly<Record<keyof typeof FACTS, Readonly<Record<string, unknown>>>> {
  const { person, resource, now, timeZone } = ask;
  return {
    now: moment(now, timeZone),
    start: moment(ask.startsAt ?? now, timeZone),
    request: {
      role: ask.role,
      duration: Duration.fromMilliseconds(milliseconds(ask.duration)),
      reason: ask.reason,
      ticket: ask.ticket ?? '',
      breakGlass: ask.breakGlass,
      extension: ask.extension,
    },
    person: {
      name: person.name,
      workload: person.kind === 'workload',
      groups: [...person.groups],
      manager: person.manager ?? ('' as PersonName),
    },
    resource: {
      name: resource.name,
      engine: resource.engine,
      labels: new Map(Object.entries(resource.labels)),
      databases: [...resource.databases],
    },
  };
}

function moment(instant: Temporal.Instant, timeZone: string) {
  const local = instant.toZonedDateTimeISO(timeZone);
  return {
    hour: BigInt(local.hour),
    minute: BigInt(local.minute),
    weekday: WEEKDAYS[local.dayOfWeek - 1] ?? '',
    date: local.toPlainDate().toString(),
    at: new Date(instant.epochMilliseconds),
  };
}
