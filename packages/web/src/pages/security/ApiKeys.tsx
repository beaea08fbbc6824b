/** My API keys: what they may, until when, and the way to make one worthless. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import type { ApiKeyView } from '@tidegate/contract';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Quiet, Row, Rows } from '../../components/Rows.tsx';
import { Section } from '../../components/Section.tsx';
import { MakeKey } from '../../parts/MakeKey.tsx';
import { security } from '../../words/security.ts';

const words = security.keys;

export function ApiKeys() {
  const { name } = useSuspenseQuery(reading('me')).data;
  const keys = useQuery(reading('apiKeys', { person: name }));
  return (
    <Section title={words.title} hint={words.hint} actions={<MakeKey person={name} />}>
      <Read query={keys}>
        {({ items }) => (
          <>
            {items.length === 0 && (
              <p>
                <Quiet>{words.none}</Quiet>
              </p>
            )}
            <Rows>
              {items.map((key) => (
                <One key={key.id} of={key} />
              ))}
            </Rows>
          </>
        )}
      </Read>
    </Section>
  );
}

function One({ of: { id, name, prefix, scopes, expiresAt, lastUsedAt } }: { readonly of: ApiKeyView }) {
  const [asked, { open, close }] = useDisclosure(false);
  return (
    <Row
      deeds={
        <>
          <Button variant="default" onClick={open} aria-label={`${words.revoke}: ${name}`}>
            {words.revoke}
          </Button>
          <ConfirmDialog
            opened={asked}
            onClose={close}
            title={words.revokeTitle(name)}
            deed={words.revoke}
            harmful
            onConfirm={async () => {
              await api.revokeApiKey({ id });
              await stale('apiKeys');
            }}
          >
            {words.revokeWhat}
          </ConfirmDialog>
        </>
      }
    >
      <strong>{name}</strong> <code>{prefix}…</code>
      <br />
      <Quiet>
        {scopes.join(', ')} · {words.ends} <RelativeTime at={expiresAt} show="time" /> ·{' '}
        {lastUsedAt === null ? security.passkeys.never : security.passkeys.used}{' '}
        {lastUsedAt !== null && <RelativeTime at={lastUsedAt} show="age" />}
      </Quiet>
    </Row>
  );
}
