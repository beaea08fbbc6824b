/** What would be decided, as the form is filled in. The last answer stays in sight while the next one is on its way. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import type { Narrowing } from './MoreOptions.tsx';

export interface Wanted extends Narrowing {
  readonly resource: string;
  readonly role: string | undefined;
  /** ISO 8601; the role's default where left out. */
  readonly for: string | undefined;
}

export function useExplanation({ resource, role = '', for: duration, only, startsAt, breakGlass }: Wanted) {
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
