/** What was asked for, and by which rule it is decided. */
import type { RequestView } from '@tidegate/contract';
import { Facts } from '../../components/Facts.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { isoText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';

export function Asked({ request }: { readonly request: RequestView }) {
  const { duration, startsAt, reason, ticket, only, createdAt, lapsesAt, state, decision, breakGlass } = request;
  return (
    <Facts
      facts={[
        [access.duration, isoText(duration)],
        [access.start, startsAt === null ? access.atOnce : <RelativeTime key="from" at={startsAt} />],
        [access.only, only?.join(', ')],
        [access.reason, reason === '' ? access.noReason : reason],
        [access.ticket, ticket],
        [access.extends, request.extends],
        [access.breakGlass, breakGlass ? decision.why : null],
        [access.asked, <RelativeTime key="asked" at={createdAt} />],
        [access.lapses, state === 'pending' ? <RelativeTime key="lapses" at={lapsesAt} /> : null],
        [access.rule, decision.why],
      ]}
    />
  );
}
