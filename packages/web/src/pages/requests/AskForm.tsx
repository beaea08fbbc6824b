/** What is asked for on one database. Role and duration stand in the address, so that an ask can be sent as a link. */
import { Anchor, Button, Group, Stack, Switch, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ResourceView } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { insist } from '../../api/step-up.ts';
import { DurationInput } from '../../components/DurationInput.tsx';
import { Problem } from '../../components/Problem.tsx';
import { durationMs, isoDuration } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { common } from '../../words/common.ts';
import { requests } from '../../words/requests.ts';
import styles from './Ask.module.css';
import { MoreOptions } from './MoreOptions.tsx';
import { PickRole } from './PickRole.tsx';
import { useBreakGlass, useExplanation } from './useExplanation.ts';
import { WhatHappens } from './WhatHappens.tsx';
import { asAsked, asBefore, isWhole, plain, type Wanted } from './wanted.ts';

const words = requests.ask;
const route = getRouteApi('/signedIn/request');

export function AskForm({ resource }: { readonly resource: ResourceView }) {
  const { role: named, for: asked, again } = route.useSearch();
  const navigate = useNavigate();
  const before = useQuery({ ...reading('request', { id: again ?? '' }), enabled: again !== undefined });
  const [typedReason, setReason] = useState<string | null>(null);
  const [typedTicket, setTicket] = useState<string | null>(null);
  const [chosen, setChosen] = useState<Wanted | null>(null);

  const role = resource.roles.find(({ name }) => name === named) ?? resource.roles[0];
  const reason = typedReason ?? before.data?.reason ?? '';
  const ticket = typedTicket ?? before.data?.ticket ?? '';
  const glass = useBreakGlass(resource.name, role?.name);
  const options = chosen ?? (before.data === undefined ? plain() : asBefore(before.data));
  const wanted = { ...options, breakGlass: options.breakGlass && glass };
  const explained = useExplanation({ resource: resource.name, role: role?.name, for: asked, ...wanted });
  const explanation = explained.data;
  const fallback = explanation?.defaultDuration ?? role?.defaultDuration ?? 'PT1H';
  const ms = durationMs(asked ?? fallback);
  const maxMs = durationMs(explanation?.maxDuration ?? role?.maxDuration ?? 'PT1H');

  const choose = (change: { readonly role?: string; readonly for?: string }) =>
    void navigate({ to: '/request', search: (search) => ({ ...search, ...change }), replace: true });
  const ask = useMutation({
    mutationFn: () =>
      insist(() =>
        api.createRequest({
          resource: resource.name,
          role: role?.name ?? '',
          duration: isoDuration(ms),
          reason: reason.trim(),
          ...(ticket.trim() === '' ? {} : { ticket: ticket.trim() }),
          ...asAsked(wanted),
        }),
      ),
    onSuccess: async ({ id }) => {
      await stale('requests', 'grants');
      await navigate({ to: '/requests/$id', params: { id } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  const needs = explanation?.reason ?? null;
  return (
    <div className={styles.columns}>
      <form onSubmit={submit}>
        <div className={styles.chosen}>
          <Title order={2}>{resource.name}</Title>
          <Anchor component={Link} to="/request">
            {common.change}
          </Anchor>
        </div>
        <Stack gap="md">
          <PickRole roles={resource.roles} chosen={role?.name} onChoose={(name) => choose({ role: name })} />
          <DurationInput
            label={words.duration}
            ms={ms}
            maxMs={Number.isNaN(maxMs) ? null : maxMs}
            onChange={(next) => choose({ for: isoDuration(next) })}
          />
          <Textarea
            label={words.reason}
            description={words.reasonHint}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={2000}
            autosize
            minRows={2}
            required={needs?.required === true}
          />
          <TextInput
            label={words.ticket}
            description={words.ticketHint}
            value={ticket}
            onChange={(event) => setTicket(event.currentTarget.value)}
            maxLength={200}
            required={typeof needs?.ticket === 'string'}
          />
          {glass && (
            <Switch
              label={access.breakGlass}
              description={words.happens.break}
              checked={wanted.breakGlass}
              onChange={(event) => setChosen({ ...wanted, breakGlass: event.currentTarget.checked })}
            />
          )}
          <MoreOptions resource={resource.name} value={wanted} onChange={setChosen} />
          <Problem error={ask.error} />
          <Group>
            <Button
              type="submit"
              size="sm"
              loading={ask.isPending}
              disabled={explanation?.outcome === 'denied' || !isWhole(wanted)}
            >
              {explanation?.outcome === 'allowed' ? words.deedNow : words.deed}
            </Button>
          </Group>
        </Stack>
      </form>
      <WhatHappens explained={explained} duration={isoDuration(ms)} wanted={wanted} />
    </div>
  );
}
