/** Open grants that today's policy would not give, for somebody to decide: they go on, or they end. */
import { Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { GrantView, OutgrownGrantView } from '@tidegate/contract';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Facts } from '../../components/Facts.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { mayAct } from '../../lib/may.ts';
import { access } from '../../words/access.ts';
import { outgrown as words } from '../../words/outgrown.ts';
import styles from './policies.module.css';

export function OutgrownPage() {
  const grants = useQuery(reading('outgrownGrants'));
  return (
    <Page title={words.title} lead={words.lead}>
      <Read query={grants}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title={words.none} hint={words.noneHint} />
          ) : (
            <ul className={styles.outgrown}>
              {items.map((each) => (
                <One key={each.grant.id} outgrown={each} />
              ))}
            </ul>
          )
        }
      </Read>
    </Page>
  );
}

function One({ outgrown: { grant, why, policyVersion, kept } }: { readonly outgrown: OutgrownGrantView }) {
  return (
    <li>
      <div className={styles.grant}>
        <h2>
          <Link to="/requests/$id" params={{ id: grant.request }}>
            {words.one(grant.person, grant.role, grant.resource)}
          </Link>
        </h2>
        <StateBadge
          state={kept === null ? 'decide' : 'kept'}
          label={kept === null ? words.decide : words.kept}
          tone={kept === null ? 'wait' : 'good'}
        />
      </div>
      <Facts
        facts={[
          [words.why, why],
          [words.until, grant.expiresAt === null ? access.state[grant.state] : <Until key="until" grant={grant} />],
          [
            words.kept,
            kept === null ? null : (
              <span key="kept">
                {words.keptBy(kept.by, kept.comment)} <RelativeTime at={kept.at} show="age" />
              </span>
            ),
          ],
        ]}
      />
      <Deeds grant={grant} version={policyVersion} kept={kept !== null} />
    </li>
  );
}

const Until = ({ grant: { expiresAt } }: { readonly grant: GrantView }) =>
  expiresAt === null ? null : <RelativeTime at={expiresAt} />;

interface DeedsProps {
  readonly grant: GrantView;
  readonly version: number;
  readonly kept: boolean;
}

function Deeds({ grant: { id, person, resource }, version, kept }: DeedsProps) {
  const [keeping, keep] = useDisclosure(false);
  const [revoking, revoke] = useDisclosure(false);
  const { data: me } = useSuspenseQuery(reading('me'));
  if (person === me.name) return <p className={styles.hint}>{words.own}</p>;
  // Auditors look on.
  if (!mayAct(me, resource)) return null;
  return (
    <Group gap="xs">
      {!kept && (
        <Button variant="default" onClick={keep.open}>
          {words.keep}
        </Button>
      )}
      <Button variant="default" color="red" onClick={revoke.open}>
        {words.revoke}
      </Button>
      <ConfirmDialog
        opened={keeping}
        onClose={keep.close}
        title={words.keepTitle}
        deed={words.keep}
        reason={{ label: words.keepReason }}
        onConfirm={async (comment) => {
          await api.keepGrant({ id, comment });
          await stale('outgrownGrants');
        }}
      >
        {words.keepWhat(version)}
      </ConfirmDialog>
      <ConfirmDialog
        opened={revoking}
        onClose={revoke.close}
        title={words.revokeTitle}
        deed={words.revoke}
        harmful
        reason={{ label: words.revokeReason }}
        onConfirm={async (reason) => {
          await api.revokeGrant({ id, reason });
          await stale('outgrownGrants', 'grants', 'grant', 'requests', 'request');
        }}
      >
        {words.revokeWhat}
      </ConfirmDialog>
    </Group>
  );
}
