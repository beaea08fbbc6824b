/** The form's fields, part by part. */
import { Fieldset, NativeSelect, PasswordInput, Textarea, TextInput } from '@mantine/core';
import { resourceForm as words } from '../../words/resource-form.ts';
import { resources } from '../../words/resources.ts';
import { badLabel, type Form, type Source } from './form.ts';
import styles from './resources.module.css';

interface Fields {
  readonly form: Form;
  readonly onChange: (changes: Partial<Form>) => void;
}

/** Hints stand below, so that fields side by side are level. */
const ORDER: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

const options = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([value, label]) => ({ value, label }));

export interface WhatProps extends Fields {
  readonly isNew: boolean;
  readonly taken: boolean;
}

export function WhatFields({ form, isNew, taken, onChange }: WhatProps) {
  const bad = badLabel(form.labels);
  return (
    <Fieldset legend={words.what} className={styles.fieldset}>
      <div className={styles.fields}>
        <TextInput
          label={words.name}
          inputWrapperOrder={ORDER}
          description={isNew ? words.nameHint : words.renameHint}
          value={form.name}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
          error={taken ? words.nameTaken : undefined}
          required
          withAsterisk={false}
        />
        <NativeSelect
          label={words.engine}
          data={options(resources.engines)}
          value={form.engine}
          onChange={(event) => onChange({ engine: event.currentTarget.value as Form['engine'] })}
        />
        <TextInput
          label={words.address}
          inputWrapperOrder={ORDER}
          description={words.addressHint}
          value={form.address}
          onChange={(event) => onChange({ address: event.currentTarget.value })}
          required
          withAsterisk={false}
        />
        <Textarea
          label={words.databases}
          inputWrapperOrder={ORDER}
          description={words.databasesHint}
          value={form.databases}
          onChange={(event) => onChange({ databases: event.currentTarget.value })}
          autosize
          required
          withAsterisk={false}
        />
        <Textarea
          label={words.labels}
          inputWrapperOrder={ORDER}
          description={words.labelsHint}
          value={form.labels}
          onChange={(event) => onChange({ labels: event.currentTarget.value })}
          error={bad === null ? undefined : words.labelBad(bad)}
          autosize
        />
        <Textarea
          label={words.owners}
          inputWrapperOrder={ORDER}
          description={words.ownersHint}
          value={form.owners}
          onChange={(event) => onChange({ owners: event.currentTarget.value })}
          autosize
        />
      </div>
    </Fieldset>
  );
}

export interface AdministratorProps extends Fields {
  /** Nothing is stored under this name yet. */
  readonly isNew: boolean;
  /** null: not theirs to set. */
  readonly password: string | null;
  readonly onPassword: (password: string) => void;
}

export function AdministratorFields({ form, isNew, password, onPassword, onChange }: AdministratorProps) {
  const { source } = form;
  return (
    <Fieldset legend={words.administrator} className={styles.fieldset}>
      <p className={styles.hint}>{words.administratorHint}</p>
      <div className={styles.fields}>
        <TextInput
          label={words.user}
          value={form.user}
          onChange={(event) => onChange({ user: event.currentTarget.value })}
          autoComplete="off"
          required
          withAsterisk={false}
        />
        <NativeSelect
          label={words.source}
          data={options(words.sources)}
          value={source}
          onChange={(event) => onChange({ source: event.currentTarget.value as Source })}
        />
        {source !== 'stored' && (
          <TextInput
            label={words.values[source]}
            value={form.place}
            onChange={(event) => onChange({ place: event.currentTarget.value })}
            required
            withAsterisk={false}
          />
        )}
        {source === 'stored' && password !== null && (
          <PasswordInput
            label={words.password}
            inputWrapperOrder={ORDER}
            description={isNew ? words.passwordNew : words.passwordKept}
            value={password}
            onChange={(event) => onPassword(event.currentTarget.value)}
            autoComplete="off"
          />
        )}
      </div>
    </Fieldset>
  );
}

export function TlsFields({ form, onChange }: Fields) {
  return (
    <Fieldset legend={words.tls} className={styles.fieldset}>
      <div className={styles.fields}>
        <NativeSelect
          label={words.tls}
          data={options(words.modes)}
          value={form.mode}
          onChange={(event) => onChange({ mode: event.currentTarget.value as Form['mode'] })}
        />
        {form.mode !== 'disable' && (
          <>
            <TextInput
              label={words.serverName}
              inputWrapperOrder={ORDER}
              description={words.serverNameHint}
              value={form.serverName}
              onChange={(event) => onChange({ serverName: event.currentTarget.value })}
            />
            <Textarea
              label={words.ca}
              inputWrapperOrder={ORDER}
              description={words.caHint}
              value={form.ca}
              onChange={(event) => onChange({ ca: event.currentTarget.value })}
              autosize
              maxRows={10}
              classNames={{ input: styles.code ?? '' }}
            />
          </>
        )}
      </div>
    </Fieldset>
  );
}
