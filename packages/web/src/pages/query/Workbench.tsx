/** The open session: editor, results, history, and how long the door stays open. */
import { Button, Group, Select, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { GrantView, QuerySession } from '@tidegate/contract';
import { useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { reading } from '../../api/queries.ts';
import { Countdown } from '../../components/Countdown.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Icon } from '../../components/Icon.tsx';
import { Section } from '../../components/Section.tsx';
import { useNow } from '../../lib/now.ts';
import { forPage } from '../../lib/refusal.ts';
import { timeText } from '../../lib/time.ts';
import { query as words } from '../../words/query.ts';
import { Editor, type EditorHandle } from './Editor.tsx';
import { recall, remember } from './history.ts';
import styles from './query.module.css';
import { Results } from './Results.tsx';
import { useRun } from './run.ts';

const LIMITS = ['100', '1000', '10000', '100000'];

export interface WorkbenchProps {
  readonly session: QuerySession;
  /** null: it is open no more. */
  readonly grant: GrantView | null;
  readonly onLeave: () => void;
}

export function Workbench({ session, grant, onLeave }: WorkbenchProps) {
  const editor = useRef<EditorHandle>(null);
  const [limit, setLimit] = useState('1000');
  const [history, setHistory] = useState(() => recall(session.resource));
  const schema = useQuery({ ...reading('querySchema', { id: session.id }), staleTime: Number.POSITIVE_INFINITY });
  const { run, start } = useRun(session.id);
  const [cancelling, setCancelling] = useState(false);
  const now = useNow();
  // An extension moves the grant's end, and the session's with it.
  const expiresAt = grant?.expiresAt ?? session.expiresAt;
  const over = Date.parse(expiresAt) <= now;
  const ended = over || run.end?.state === 'ended';

  const submit = (sql: string) => {
    if (sql.trim() === '' || run.running || ended) return;
    setHistory(remember(session.resource, sql));
    setCancelling(false);
    void start(sql, Number(limit));
  };
  const cancel = () => {
    setCancelling(true);
    // A statement that is over by now needs none; its own end says how it went.
    api.cancelQuery({ id: session.id }).catch(() => setCancelling(false));
  };
  return (
    <>
      <Group justify="space-between" align="center" mb="xs">
        <Group gap="sm">
          <Countdown startsAt={grant?.startsAt ?? session.expiresAt} expiresAt={expiresAt} size={60} />
          <Text>
            <strong>{session.resource}</strong> · {session.database}
          </Text>
        </Group>
        <Button variant="default" onClick={onLeave}>
          {words.close}
        </Button>
      </Group>
      {ended && (
        <EmptyState
          title={words.endedTitle}
          hint={over ? words.over : forPage(run.end?.message ?? '')}
          action={
            over ? (
              <Button
                renderRoot={(props) => <Link to="/resources/$name" params={{ name: session.resource }} {...props} />}
              >
                {words.askAgain}
              </Button>
            ) : (
              <Button onClick={onLeave}>{words.again}</Button>
            )
          }
        />
      )}
      <div className={styles.bench}>
        <div className={styles.main}>
          <Editor
            ref={editor}
            label={words.editor}
            engine={session.engine}
            schema={schema.data ?? null}
            initial={history[0]?.sql ?? ''}
            onRun={submit}
            {...(run.end?.state === 'error' && run.end.position !== null ? { errorAt: run.end.position } : {})}
          />
          <Group gap="sm" my="xs">
            {run.running ? (
              <Button
                color="red"
                variant="light"
                leftSection={<Icon name="stop" />}
                onClick={cancel}
                disabled={cancelling}
              >
                {cancelling ? words.cancelling : words.cancel}
              </Button>
            ) : (
              <Button
                leftSection={<Icon name="play" />}
                onClick={() => submit(editor.current?.chosen() ?? '')}
                disabled={ended}
              >
                {words.run}
              </Button>
            )}
            <Select
              aria-label={words.maxRows}
              w="10rem"
              size="xs"
              data={LIMITS.map((value) => ({ value, label: words.rows(Number(value)) }))}
              value={limit}
              onChange={(value) => setLimit(value ?? '1000')}
              allowDeselect={false}
            />
            <Text c="dimmed">{words.runHint}</Text>
          </Group>
          <Results run={run} session={session} />
        </div>
        <aside className={styles.history}>
          <Section title={words.history} hint={words.historyHint}>
            {history.length === 0 ? (
              <Text c="dimmed">{words.historyNone}</Text>
            ) : (
              <ol className={styles.past}>
                {history.map(({ sql, at }) => (
                  <li key={at}>
                    <button type="button" onClick={() => editor.current?.replace(sql)} title={sql}>
                      <code>{sql.slice(0, 120)}</code>
                      <span>{timeText(at)}</span>
                    </button>
                  </li>
                ))}
              </ol>
            )}
          </Section>
        </aside>
      </div>
    </>
  );
}
