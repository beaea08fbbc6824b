/** What would be decided, as the form is filled in. The last answer stays in sight while the next one is on its way. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import { beginning, type Wanted } from './wanted.ts';

export interface Question extends Wanted {
  readonly resource: string;
  readonly role: string | undefined;
  /** ISO 8601; the role's default where left out. */
  readonly for: string | undefined;
}

export function useExplanation({ resource, role = '', for: duration, ...wanted }: Question) {
  const { only, breakGlass } = wanted;
  const startsAt = beginning(wanted);
  const input = {
    resource,
    role,
    ...(duration === undefined ? {} : { duration }),
    ...(only.length === 0 ? {} : { only: JSON.stringify(only) }),
    ...(startsAt === null ? {} : { startsAt }),
    ...(breakGlass ? { breakGlass: 'true' } : {}),
  };
  return useQuery({ ...reading('explain', input), enabled: role !== '', placeholderData: keepPreviousData });
}

/** Can it be had by break-glass? Some rule has to speak for it now, whatever else that rule wants. */
export function useBreakGlass(resource: string, role = ''): boolean {
  const { data } = useQuery({
    ...reading('explain', { resource, role, breakGlass: 'true' }),
    enabled: role !== '',
  });
  return data !== undefined && data.rule !== null;
}
