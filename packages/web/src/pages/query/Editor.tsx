/** The SQL editor: completion from what the grant can see, Ctrl+Enter runs, an error shows where it is. */
import { MSSQL, MySQL, PostgreSQL, type SQLDialect, type SQLNamespace, sql } from '@codemirror/lang-sql';
import { keymap } from '@codemirror/view';
import type { QuerySchema, QuerySession } from '@tidegate/contract';
import { type Ref, useEffect, useImperativeHandle, useMemo, useRef } from 'react';
import { CodeEditor, type CodeEditorHandle } from '../../parts/CodeEditor.tsx';

export interface EditorHandle {
  /** The selection, or everything. */
  readonly chosen: () => string;
  readonly replace: (text: string) => void;
}

export interface EditorProps {
  readonly ref?: Ref<EditorHandle>;
  readonly label: string;
  readonly engine: QuerySession['engine'];
  readonly schema: QuerySchema | null;
  readonly initial: string;
  readonly onRun: (text: string) => void;
  /** In what was run, from 1. */
  readonly errorAt?: number;
}

const DIALECTS: Readonly<Record<QuerySession['engine'], SQLDialect>> = {
  postgres: PostgreSQL,
  mysql: MySQL,
  sqlserver: MSSQL,
};
/** The schema that names need not be written with. */
const HOME: Readonly<Record<QuerySession['engine'], string | undefined>> = {
  postgres: 'public',
  mysql: undefined,
  sqlserver: 'dbo',
};

export function Editor({ ref, label, engine, schema, initial, onRun, errorAt }: EditorProps) {
  const editor = useRef<CodeEditorHandle>(null);
  const run = useRef(onRun);
  run.current = onRun;
  /** Where what was run last began. */
  const ran = useRef(0);
  const chosen = () => {
    const view = editor.current?.view;
    if (view == null) return '';
    const { from, to, empty } = view.state.selection.main;
    ran.current = empty ? 0 : from;
    return empty ? view.state.doc.toString() : view.state.sliceDoc(from, to);
  };
  const latest = useRef(chosen);
  latest.current = chosen;
  const extensions = useMemo(() => {
    const home = HOME[engine];
    return [
      keymap.of([
        {
          key: 'Mod-Enter',
          run: () => {
            run.current(latest.current());
            return true;
          },
        },
      ]),
      sql({
        dialect: DIALECTS[engine],
        upperCaseKeywords: true,
        ...(schema === null ? {} : { schema: namespaceOf(schema) }),
        ...(home === undefined ? {} : { defaultSchema: home }),
      }),
    ];
  }, [engine, schema]);

  useEffect(() => {
    const view = editor.current?.view;
    if (errorAt === undefined || view == null) return;
    const anchor = Math.min(view.state.doc.length, ran.current + errorAt - 1);
    view.dispatch({ selection: { anchor }, scrollIntoView: true });
    view.focus();
  }, [errorAt]);
  useImperativeHandle(ref, () => ({
    chosen: () => latest.current(),
    replace(text) {
      const view = editor.current?.view;
      view?.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        selection: { anchor: text.length },
      });
      view?.focus();
    },
  }));
  return <CodeEditor ref={editor} label={label} initial={initial} extensions={extensions} height="14rem" />;
}

function namespaceOf({ tables }: QuerySchema): SQLNamespace {
  const schemas: Record<string, Record<string, string[]>> = {};
  for (const { schema, name, columns } of tables) {
    schemas[schema] ??= {};
    schemas[schema][name] = columns.map((column) => column.name);
  }
  return schemas;
}
