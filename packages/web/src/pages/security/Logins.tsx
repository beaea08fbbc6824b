/** Where I am signed in; any of them but this one can be ended here. */
import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { LoginView } from '@tidegate/contract';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Quiet, Row, Rows } from '../../components/Rows.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { security } from '../../words/security.ts';

const words = security.logins;

export function Logins() {
  const logins = useQuery(reading('myLogins'));
  return (
    <Section title={words.title}>
      <Read query={logins}>
        {({ items }) => (
          <Rows>
            {items.map((login) => (
              <One key={login.id} login={login} />
            ))}
          </Rows>
        )}
      </Read>
    </Section>
  );
}

function One({ login: { id, current, address, userAgent, how, lastUsedAt } }: { readonly login: LoginView }) {
  const end = useMutation({ mutationFn: () => api.endMyLogin({ id }), onSuccess: () => stale('myLogins') });
  const client = userAgent === null ? words.unknown : clientName(userAgent);
  return (
    <Row
      deeds={
        current ? undefined : (
          <Button variant="default" onClick={() => end.mutate()} loading={end.isPending}>
            {words.end}
          </Button>
        )
      }
    >
      <strong>{client}</strong> {current && <StateBadge state="active" label={words.current} />}
      <br />
      <Quiet>
        {address} · {words.how[how]} · {words.used} <RelativeTime at={lastUsedAt} show="age" />
      </Quiet>
      <Problem error={end.error} />
    </Row>
  );
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Windows/, 'Windows'],
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** `Chrome on Linux`; what does not call itself a browser is named as it names itself. */
function clientName(userAgent: string): string {
  const of = (list: typeof BROWSERS) => list.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = of(BROWSERS);
  const system = of(SYSTEMS);
  return browser === undefined ? userAgent.slice(0, 60) : words.browser(browser, system);
}
