/** How this installation is set up, to be seen in one place, with the ways on to where it is changed. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Refusal } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';
import { Copyable } from '../../components/Copyable.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { Section } from '../../components/Section.tsx';
import { Keys } from '../../parts/Keys.tsx';
import { settings as words } from '../../words/settings.ts';

export function SettingsPage() {
  const ways = useQuery(reading('signInWays'));
  const key = useQuery(reading('auditKey'));
  const config = useQuery(reading('config'));
  const nothing = config.error instanceof Refusal && config.error.code === 'not_found';
  return (
    <Page title={words.title} lead={words.lead}>
      <Section title={words.configuration} hint={words.configurationHint}>
        {nothing ? (
          <Link to="/policies" search={{ tab: 'edit' }}>
            {words.configurationNone}
          </Link>
        ) : (
          <Read query={config}>{({ version }) => <Link to="/policies">{words.configurationOf(version)}</Link>}</Read>
        )}
      </Section>
      <Section title={words.signIn}>
        <Read query={ways}>
          {({ local, providers }) => (
            <>
              <ul>
                {local && <li>{words.local}</li>}
                {local && <li>{words.passkeys}</li>}
                {providers.map(({ name }) => (
                  <li key={name}>
                    {words.provider}: {name}
                  </li>
                ))}
              </ul>
              {providers.length === 0 && <p>{words.providersNone}</p>}
            </>
          )}
        </Read>
      </Section>
      <Section title={words.record} hint={words.keyHint}>
        <Read query={key}>
          {({ keyId, publicKey }) => (
            <>
              <p>
                {words.keyId} <code>{keyId}</code>
              </p>
              <Copyable text={publicKey.trim()} what={words.key} />
              <p>
                <Link to="/record/chain">{words.chain}</Link>
              </p>
            </>
          )}
        </Read>
      </Section>
      <Keys />
      <Section title={words.api} hint={words.apiHint}>
        <ul>
          <li>
            <a href="/v1/openapi.json">{words.openapi}</a>
          </li>
          <li>
            <a href="/v1/config/schema">{words.schema}</a>
          </li>
        </ul>
      </Section>
    </Page>
  );
}
