/** What would be decided for anybody, by which rule, with each condition and its values, and who could agree. */
import { Autocomplete, Button, Checkbox, Group, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { Explanation } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading } from '../../api/queries.ts';
import { Read } from '../../components/Read.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { isoText } from '../../lib/time.ts';
import { policies as words } from '../../words/policies.ts';
import styles from './policies.module.css';

const route = getRouteApi('/signedIn/policies');

interface Asked {
  readonly resource: string;
  readonly role: string;
  readonly as: string;
  readonly duration: string;
  readonly at: string;
  readonly breakGlass: boolean;
}

export function Explain() {
  const { resource = '', role = '', as = '' } = route.useSearch();
  const navigate = useNavigate({ from: '/policies' });
  const [asked, setAsked] = useState<Asked>({ resource, role, as, duration: '', at: '', breakGlass: false });
  const [sent, setSent] = useState<Asked | null>(resource !== '' && role !== '' ? asked : null);
  const resources = useQuery(reading('resources'));
  const { rows: people } = usePages('people', { limit: 500 });
  const roles = resources.data?.items.find(({ name }) => name === asked.resource)?.roles ?? [];
  const set = (change: Partial<Asked>) => setAsked((before) => ({ ...before, ...change }));
  const explained = useQuery({
    queryKey: ['explain', sent],
    enabled: sent !== null,
    queryFn: ({ signal }) => {
      const { duration, at, breakGlass, ...rest } = sent ?? asked;
      const input = {
        resource: rest.resource,
        role: rest.role,
        ...(rest.as === '' ? {} : { as: rest.as }),
        ...(duration === '' ? {} : { duration }),
        ...(at === '' ? {} : { at: new Date(at).toISOString() }),
        ...(breakGlass ? { breakGlass: 'true' } : {}),
      };
      return api.explain(input, { signal });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSent(asked);
    const { resource: of, role: which, as: who } = asked;
    void navigate({
      search: { tab: 'explain', resource: of, role: which, ...(who === '' ? {} : { as: who }) },
      replace: true,
    });
  };
  return (
    <>
      <p className={styles.hint}>{words.explainLead}</p>
      <form onSubmit={submit}>
        <Group gap="sm" align="flex-end" mb="lg">
          <Autocomplete
            label={words.person}
            data={people.map(({ name }) => name)}
            limit={20}
            value={asked.as}
            onChange={(value) => set({ as: value })}
          />
          <Select
            label={words.resource}
            searchable
            data={(resources.data?.items ?? []).map(({ name }) => name)}
            value={asked.resource === '' ? null : asked.resource}
            onChange={(value) => set({ resource: value ?? '', role: '' })}
          />
          <Select
            label={words.role}
            data={roles.map(({ name }) => name)}
            value={asked.role === '' ? null : asked.role}
            onChange={(value) => set({ role: value ?? '' })}
          />
          <TextInput
            label={words.duration}
            placeholder={words.durationHint}
            value={asked.duration}
            onChange={(event) => set({ duration: event.currentTarget.value.trim() })}
          />
          <TextInput
            type="datetime-local"
            label={words.at}
            value={asked.at}
            onChange={(event) => set({ at: event.currentTarget.value })}
          />
          <Checkbox
            mb="xs"
            label={words.breakGlass}
            checked={asked.breakGlass}
            onChange={(event) => set({ breakGlass: event.currentTarget.checked })}
          />
          <Button type="submit" size="sm" disabled={asked.resource === '' || asked.role === ''}>
            {words.explain}
          </Button>
        </Group>
      </form>
      {sent !== null && <Read query={explained}>{(explanation) => <Told explanation={explanation} />}</Read>}
    </>
  );
}

const TONES = { allowed: 'good', needs_approval: 'wait', denied: 'bad' } as const;

function Told({ explanation }: { readonly explanation: Explanation }) {
  const { outcome, rule, why, maxDuration, defaultDuration, mfaAt, steps, considered } = explanation;
  return (
    <>
      <Section
        title={rule === null ? words.noRule : `${words.rule}: ${rule}`}
        actions={<StateBadge state={outcome} label={words.outcomes[outcome] ?? outcome} tone={TONES[outcome]} />}
      >
        <p>{why}</p>
        <p className={styles.hint}>
          {[
            defaultDuration === null ? '' : `${words.usual} ${isoText(defaultDuration)}`,
            maxDuration === null ? '' : `${words.most} ${isoText(maxDuration)}`,
            mfaAt.length === 0 ? '' : `${words.mfa} ${mfaAt.join(', ')}`,
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </p>
        {steps.length > 0 && (
          <>
            <h3>{words.steps}</h3>
            <ol>
              {steps.map(({ groups, people, count, candidates, escalatedTo }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
                <li key={index}>
                  {words.step(index + 1, count)} {[...groups, ...people].join(', ')}:{' '}
                  {candidates.length === 0 ? <strong>{words.nobody}</strong> : candidates.join(', ')}
                  {escalatedTo.length > 0 && ` (${words.escalates} ${escalatedTo.join(', ')})`}
                </li>
              ))}
            </ol>
          </>
        )}
      </Section>
      <Section title={words.considered}>
        <ol className={styles.rules}>
          {considered.map(({ rule: name, matched, because, conditions }) => (
            <li key={name}>
              <StateBadge
                state={String(matched)}
                label={matched ? words.matched : words.notMatched}
                tone={matched ? 'good' : 'over'}
              />{' '}
              <strong>{name}</strong>
              {because.length > 0 && <div className={styles.hint}>{because.join(' ')}</div>}
              {conditions.map(({ text, holds, error, values }) => (
                <div key={text} className={styles.condition}>
                  <code>{text}</code> {error ?? (holds === true ? words.holds : words.fails)}
                  {values.length > 0 && ` (${values.join(', ')})`}
                </div>
              ))}
            </li>
          ))}
        </ol>
      </Section>
    </>
  );
}
