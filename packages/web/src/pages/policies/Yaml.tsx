/** The configuration's text, to be read. */
import { yaml } from '@codemirror/lang-yaml';
import { CodeEditor } from '../../parts/CodeEditor.tsx';

const LANGUAGE = [yaml()];

export const Yaml = ({ label, text }: { readonly label: string; readonly text: string }) => (
  <CodeEditor label={label} initial={text} extensions={LANGUAGE} height="min(60dvh, 42rem)" readOnly />
);
