/** Who reviews for me while I am away, and for whom I do: listed, made, ended. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { DelegationView } from '@tidegate/contract';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading, stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { OpenOrAll } from '../../components/OpenOrAll.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { Quiet, Row, Rows } from '../../components/Rows.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge, type Tone } from '../../components/StateBadge.tsx';
import { useNow } from '../../lib/now.ts';
import { timeText } from '../../lib/time.ts';
import { common } from '../../words/common.ts';
import { standIns as words } from '../../words/stand-ins.ts';
import { Make } from './Make.tsx';

const route = getRouteApi('/signedIn/stand-ins');

export function StandInsPage() {
  const { show } = route.useSearch();
  const navigate = useNavigate();
  const { rows, more, query } = usePages('delegations', { state: show === 'all' ? 'all' : 'open' });
  return (
    <Page title={words.title} lead={words.lead}>
      <Section
        title={words.list}
        actions={
          <OpenOrAll words={words} show={show} onShow={(search) => void navigate({ to: '/stand-ins', search })} />
        }
      >
        <Read query={query}>
          {() =>
            rows.length === 0 ? (
              <EmptyState title={words.none} hint={words.noneHint} />
            ) : (
              <>
                <Rows>
                  {rows.map((delegation) => (
                    <One key={delegation.id} delegation={delegation} />
                  ))}
                </Rows>
                {more !== undefined && (
                  <Button variant="default" mt="sm" onClick={more}>
                    {common.more}
                  </Button>
                )}
              </>
            )
          }
        </Read>
      </Section>
      <Make />
    </Page>
  );
}

const CLOCK_SECONDS = 10;

type State = keyof typeof words.state;
const TONES: Readonly<Record<State, Tone>> = { now: 'good', coming: 'wait', over: 'over', ended: 'over' };

function stateOf({ startsAt, endsAt, endedAt }: DelegationView, now: number): State {
  if (endedAt !== null) return 'ended';
  if (Date.parse(endsAt) <= now) return 'over';
  // The page's clock is up to so much behind.
  return Date.parse(startsAt) > now + CLOCK_SECONDS * 1000 ? 'coming' : 'now';
}

function One({ delegation }: { readonly delegation: DelegationView }) {
  const { id, person, delegate, startsAt, endsAt, endedAt, reason } = delegation;
  const { data: me } = useSuspenseQuery(reading('me'));
  const now = useNow(CLOCK_SECONDS);
  const state = stateOf(delegation, now);
  const [asked, ask] = useDisclosure(false);
  const mayEnd = (state === 'now' || state === 'coming') && (person === me.name || me.administrator);
  return (
    <Row
      deeds={
        <>
          {mayEnd && (
            <Button variant="default" onClick={ask.open} aria-label={`${words.end}: ${words.said(delegate, person)}`}>
              {words.end}
            </Button>
          )}
          <ConfirmDialog
            opened={asked}
            onClose={ask.close}
            title={words.endTitle}
            deed={words.end}
            onConfirm={async () => {
              await api.endDelegation({ id });
              await stale('delegations', 'requests');
            }}
          >
            {words.endWhat(delegate, person)}
          </ConfirmDialog>
        </>
      }
    >
      <strong>{words.said(delegate, person)}</strong>{' '}
      <StateBadge state={state} label={words.state[state]} tone={TONES[state]} />
      <br />
      <Quiet>
        {words.times(timeText(startsAt, now), timeText(endedAt ?? endsAt, now))}
        {reason !== '' && ` · ${reason}`}
      </Quiet>
    </Row>
  );
}
