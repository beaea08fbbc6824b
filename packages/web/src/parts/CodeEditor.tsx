/**
 * CodeMirror 6 in a shadow root of its own: there it keeps its styles in constructed sheets, which the content security
 * policy allows; in the document it would write a style element, which the policy forbids.
 */
import { defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';

export interface CodeEditorHandle {
  readonly view: EditorView | null;
}

export interface CodeEditorProps {
  readonly ref?: Ref<CodeEditorHandle>;
  readonly label: string;
  /** Taken once. */
  readonly initial: string;
  /** What it knows beyond the basics: a language, keys, completion. May change. */
  readonly extensions: readonly Extension[];
  readonly height: string;
  readonly readOnly?: boolean;
  readonly onChange?: (text: string) => void;
}

/** Colours come from the page's variables, which reach into the shadow. */
const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', backgroundColor: 'var(--tide-card)', color: 'var(--mantine-color-text)' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: '2px solid light-dark(#0067b8, #6cb8f6)', outlineOffset: '-2px' },
  '.cm-gutters': {
    backgroundColor: 'var(--tide-side)',
    color: 'var(--tide-muted)',
    borderRight: '1px solid var(--tide-line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'light-dark(#f3f2f180, #32313080)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'light-dark(#c7e0f4, #1f4a70) !important',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--tide-card)',
    border: '1px solid var(--tide-line)',
    color: 'var(--mantine-color-text)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--tide-chosen)',
    color: 'var(--mantine-color-text)',
  },
  '.cm-panels': { backgroundColor: 'var(--tide-side)', color: 'var(--mantine-color-text)' },
  '.cm-matchingBracket': { backgroundColor: 'light-dark(#d0e7d0, #2d4a2d) !important' },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: 'light-dark(#0000c0, #6cb8f6)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'light-dark(#a31515, #e8a37f)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'light-dark(#076039, #a9d6a0)' },
  { tag: tags.comment, color: 'light-dark(#4c6b1f, #8fb573)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'light-dark(#1d5d72, #6fc5b9)' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'light-dark(#004578, #9fd0f5)' },
]);

export function CodeEditor({ ref, label, initial, extensions, height, readOnly = false, onChange }: CodeEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changing = useRef(new Compartment());
  const heard = useRef(onChange);
  heard.current = onChange;
  const first = useRef({ initial, extensions, label });

  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    const { initial: doc, extensions: known, label: name } = first.current;
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc,
        extensions: [
          basicSetup,
          look,
          syntaxHighlighting(colours),
          syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
          EditorView.lineWrapping,
          // Read-only is still to be gone through by keyboard.
          EditorState.readOnly.of(readOnly),
          EditorView.contentAttributes.of({ 'aria-label': name }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) heard.current?.(state.doc.toString());
          }),
          Prec.high(changing.current.of([...known])),
        ],
      }),
    });
    // What scrolls must be reachable by keyboard, whatever is in it (WCAG 2.1.1); the editor only gives it -1.
    made.scrollDOM.tabIndex = 0;
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [readOnly]);

  useEffect(() => {
    view.current?.dispatch({ effects: changing.current.reconfigure([...extensions]) });
  }, [extensions]);
  useImperativeHandle(ref, () => ({
    get view() {
      return view.current;
    },
  }));
  return (
    <div ref={place} style={{ height, border: '1px solid var(--tide-line)', borderRadius: 3, overflow: 'hidden' }} />
  );
}
