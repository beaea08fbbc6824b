/** The text being written: checked by the server as one writes, its plan in people's words beside it, then applied as planned. */
import { yaml } from '@codemirror/lang-yaml';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { Button, Group, Text } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { problemsForPage } from '../../lib/refusal.ts';
import { CodeEditor, type CodeEditorHandle } from '../../parts/CodeEditor.tsx';
import { PlanShown } from '../../parts/PlanShown.tsx';
import { policies as words } from '../../words/policies.ts';
import { Differences } from './Differences.tsx';
import styles from './policies.module.css';

const LANGUAGE = [yaml(), lintGutter()];
/** After the last key. */
const WAIT_MS = 600;

export interface EditProps {
  readonly text: string;
  readonly inForce: string;
  readonly onChange: (text: string) => void;
  /** Applied or discarded: what is in force counts again. */
  readonly onDone: () => void;
}

export function Edit({ text, inForce, onChange, onDone }: EditProps) {
  const editor = useRef<CodeEditorHandle>(null);
  const [written] = useDebouncedValue(text, WAIT_MS);
  const [asked, { open, close }] = useDisclosure(false);
  const [applied, setApplied] = useState<number | null>(null);
  const plan = useQuery({
    queryKey: ['planConfig', written, inForce],
    queryFn: ({ signal }) => api.planConfig({ yaml: written }, { signal }),
    placeholderData: keepPreviousData,
    enabled: written.trim() !== '',
    retry: false,
  });
  const problems = problemsForPage(plan.error);
  const current =
    written === text && !plan.isFetching && plan.data !== undefined && !plan.isPlaceholderData && !plan.isError;
  const changes = plan.isError ? [] : (plan.data?.changes ?? []);

  useEffect(() => {
    const view = editor.current?.view;
    if (view == null) return;
    const { doc } = view.state;
    const found = problemsForPage(plan.error).map(({ line = 1, column = 1, message }): Diagnostic => {
      const at = doc.line(Math.min(Math.max(1, line), doc.lines));
      const from = Math.min(at.from + column - 1, at.to);
      return { from, to: at.to, severity: 'error', message };
    });
    view.dispatch(setDiagnostics(view.state, found));
  }, [plan.error]);

  const goTo = (line: number, column: number) => {
    const view = editor.current?.view;
    if (view == null) return;
    const at = view.state.doc.line(Math.min(line, view.state.doc.lines));
    view.dispatch({ selection: { anchor: Math.min(at.from + column - 1, at.to) }, scrollIntoView: true });
    view.focus();
  };
  return (
    <>
      <p className={styles.hint}>{words.editHint}</p>
      <div className={styles.edit}>
        <CodeEditor
          ref={editor}
          label={words.editor}
          initial={text}
          extensions={LANGUAGE}
          height="min(70dvh, 46rem)"
          onChange={(next) => {
            setApplied(null);
            onChange(next);
          }}
        />
        <div>
          <Group gap="xs" mb="sm">
            <Button onClick={open} disabled={!current || changes.length === 0 || plan.data?.refused === true}>
              {words.apply}
            </Button>
            <Button variant="default" onClick={onDone} disabled={text === inForce}>
              {words.discard}
            </Button>
            <Text c="dimmed" role="status">
              {(plan.isFetching || written !== text) && words.checking}
              {applied !== null && words.applied(applied)}
            </Text>
          </Group>
          {problems.length > 0 ? (
            <Section title={words.problems(problems.length)}>
              <ul className={styles.list}>
                {problems.map(({ path, message, line = 1, column = 1 }) => (
                  <li key={`${path} ${message}`}>
                    <StateBadge state="failed" label={words.place(line, column)} tone="bad" />{' '}
                    <button type="button" className={styles.link} onClick={() => goTo(line, column)}>
                      {message}
                    </button>
                  </li>
                ))}
              </ul>
            </Section>
          ) : (
            <Problem error={plan.error} />
          )}
          {plan.data !== undefined && !plan.isError && (
            <Section title={words.plan}>
              <PlanShown plan={plan.data} />
            </Section>
          )}
        </div>
      </div>
      <Section title={words.differences}>
        <Differences from={inForce} to={written} />
      </Section>
      <ConfirmDialog
        opened={asked}
        onClose={close}
        title={words.applyTitle}
        deed={words.apply}
        onConfirm={async () => {
          const { version } = await api.applyConfig({
            yaml: text,
            ...(plan.data === undefined ? {} : { planId: plan.data.planId }),
          });
          await stale('config', 'configVersions', 'resources', 'resource', 'explain');
          setApplied(version);
          onDone();
        }}
      >
        {words.applyAsk(changes.length)}
      </ConfirmDialog>
    </>
  );
}
