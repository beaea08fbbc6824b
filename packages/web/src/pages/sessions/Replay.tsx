/**
 * A session on a timeline: statements, rows, errors and pauses, played at a speed of choice, searched, jumped through. A
 * live one stays at its end until somebody takes the handle.
 */
import { ActionIcon, Checkbox, Group, Select, Slider, TextInput, Tooltip } from '@mantine/core';
import type { SessionDetail, SessionStatement } from '@tidegate/contract';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { ErrorState } from '../../components/ErrorState.tsx';
import { Icon } from '../../components/Icon.tsx';
import { Loading } from '../../components/Loading.tsx';
import { durationText } from '../../lib/time.ts';
import { sessions as words } from '../../words/sessions.ts';
import { usePlayer } from './player.ts';
import { OutcomeOf, StatementDetail } from './StatementDetail.tsx';
import styles from './sessions.module.css';
import type { Statements } from './statements.ts';
import { Timeline } from './Timeline.tsx';

export interface ReplayProps {
  readonly session: SessionDetail;
  readonly statements: Statements;
  readonly live: boolean;
  /** The op to begin at. */
  readonly startAt: number | null;
  readonly find: string;
}

const SPEEDS = ['1', '2', '5', '20', '100'];

const COLUMNS: readonly Column<SessionStatement>[] = [
  { key: 'at', title: '', width: '5.5rem', align: 'right', cell: ({ offsetMs }) => clock(offsetMs) },
  {
    key: 'text',
    title: words.statement,
    width: 'minmax(10rem, 1fr)',
    cell: (statement) => <span className={styles.sql}>{oneLine(statement)}</span>,
  },
  { key: 'outcome', title: words.outcome, width: '11rem', cell: (statement) => <OutcomeOf statement={statement} /> },
];

export function Replay({ session, statements, live, startAt, find }: ReplayProps) {
  const { all, state, error } = statements;
  const [text, setText] = useState(find);
  const sought = useDeferredValue(text.trim().toLowerCase());
  const shown = useMemo(() => (sought === '' ? all : all.filter((each) => says(each, sought))), [all, sought]);
  const end = session.endedAt === null ? 0 : Date.parse(session.endedAt) - Date.parse(session.startedAt);
  const length = Math.max(end, all.at(-1)?.offsetMs ?? 0, 1000);
  const player = usePlayer(all, length, live);
  const started = useRef(false);
  useEffect(() => {
    if (started.current || startAt === null) return;
    const meant = all.find(({ op }) => op === startAt);
    if (meant === undefined) return;
    started.current = true;
    player.seek(meant.offsetMs);
  }, [all, startAt, player]);

  if (state === 'refused') return <ErrorState error={error} />;
  if (all.length === 0) {
    if (state === 'reading') return <Loading />;
    return <EmptyState title={live ? words.nothingYet : words.nothing} hint={live ? undefined : words.nothingHint} />;
  }
  const current = player.current;
  const jump = (step: 1 | -1) => {
    const at = shown.findIndex(({ offsetMs, cursor }) => offsetMs > player.at || cursor === current?.cursor);
    const to = shown[(at === -1 ? shown.length - 1 : at) + step] ?? shown[step === 1 ? 0 : shown.length - 1];
    if (to !== undefined) player.choose(to);
  };
  return (
    <>
      {state === 'lost' && <p role="status">{words.lost}</p>}
      <Group gap="sm" mb="xs" className={styles.controls}>
        {!live && (
          <>
            <Tooltip label={player.playing ? words.pause : words.play}>
              <ActionIcon
                variant="filled"
                aria-label={player.playing ? words.pause : words.play}
                onClick={player.toggle}
              >
                <Icon name={player.playing ? 'pause' : 'play'} />
              </ActionIcon>
            </Tooltip>
            <Select
              aria-label={words.speed}
              size="xs"
              w="5.5rem"
              data={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
              value={String(player.speed)}
              onChange={(value) => player.setSpeed(Number(value ?? 1))}
              allowDeselect={false}
            />
            <Checkbox
              label={words.skip}
              checked={player.skip}
              onChange={(event) => player.setSkip(event.currentTarget.checked)}
            />
          </>
        )}
        <TextInput
          className={styles.find}
          aria-label={words.search}
          placeholder={words.search}
          leftSection={<Icon name="search" />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') jump(event.shiftKey ? -1 : 1);
          }}
        />
        <ActionIcon aria-label={words.previous} onClick={() => jump(-1)} disabled={shown.length === 0}>
          <Icon name="up" />
        </ActionIcon>
        <ActionIcon aria-label={words.next} onClick={() => jump(1)} disabled={shown.length === 0}>
          <Icon name="down" />
        </ActionIcon>
        <span role="status" className={styles.count}>
          {state === 'reading' ? words.loadingMore(all.length) : words.found(shown.length, all.length)}
        </span>
      </Group>
      <Timeline
        statements={all}
        length={length}
        at={player.at}
        found={sought === '' ? null : shown}
        onSeek={player.seek}
      />
      <Slider
        className={styles.slider}
        thumbLabel={words.position}
        min={0}
        max={length}
        step={Math.max(1, Math.round(length / 1000))}
        value={Math.min(player.at, length)}
        onChange={player.seek}
        label={(value) => words.at(clock(value), clock(length))}
        size="sm"
      />
      <div className={styles.replay}>
        <DataTable
          label={words.statements}
          columns={COLUMNS}
          rows={shown}
          rowKey={({ cursor }) => cursor}
          onOpen={player.choose}
          height={420}
          {...(current === null ? {} : { chosen: current.cursor })}
        />
        <StatementDetail statement={current} live={live} />
      </div>
    </>
  );
}

/** `00:05`, `1:02:03`; with tenths below a minute. */
export function clock(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return durationText(ms);
}

const oneLine = ({ kind, text, fingerprint }: SessionStatement): string => {
  if (kind === 'cancel') return words.cancelled;
  return text === null ? (fingerprint ?? words.noText) : text.slice(0, 400).replace(/\s+/g, ' ');
};

function says({ text, outcome, values }: SessionStatement, sought: string): boolean {
  return (
    text?.toLowerCase().includes(sought) === true ||
    outcome?.code?.toLowerCase() === sought ||
    outcome?.command.toLowerCase() === sought ||
    values?.some(({ value }) =>
      (typeof value === 'string' ? value : JSON.stringify(value)).toLowerCase().includes(sought),
    ) === true
  );
}
