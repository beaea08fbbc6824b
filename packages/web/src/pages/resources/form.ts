/** A resource as the form has it: texts, as they are typed; and the way to the configuration's entry and back. */
import { configResource, type Input } from '@tidegate/contract';

export type Source = 'stored' | 'env' | 'file' | 'tokenFile';
export type Entry = Input<'testResource'>['resource'];

export interface Form {
  readonly name: string;
  readonly engine: Entry['engine'];
  readonly address: string;
  /** One a line. */
  readonly databases: string;
  readonly labels: string;
  readonly owners: string;
  readonly user: string;
  readonly source: Source;
  /** The variable's name or the file's path. */
  readonly place: string;
  readonly mode: NonNullable<NonNullable<Entry['tls']>['mode']>;
  readonly ca: string;
  readonly serverName: string;
}

export const EMPTY: Form = {
  name: '',
  engine: 'postgres',
  address: '',
  databases: '',
  labels: '',
  owners: '',
  user: '',
  source: 'stored',
  place: '',
  mode: 'verify-full',
  ca: '',
  serverName: '',
};

/** What stands in the text, as `writtenResource` answers it; null: not as a form could show it. */
export function formOf(written: unknown): Form | null {
  const parsed = configResource.safeParse(written);
  if (!parsed.success) return null;
  const { name, engine, address, databases, labels, owners, credential, tls } = parsed.data;
  const { env, file, tokenFile } = credential;
  const texts = [...databases, ...Object.entries(labels).flat(), ...owners];
  // A line break in a name would come back as two.
  if (texts.some((text) => text.includes('\n')) || Object.keys(labels).some((label) => label.includes('=')))
    return null;
  return {
    name,
    engine,
    address,
    databases: databases.join('\n'),
    labels: Object.entries(labels)
      .map((pair) => pair.join('='))
      .join('\n'),
    owners: owners.join('\n'),
    user: credential.user,
    source: env !== undefined ? 'env' : file !== undefined ? 'file' : tokenFile !== undefined ? 'tokenFile' : 'stored',
    place: env ?? file ?? tokenFile ?? '',
    mode: tls.mode,
    ca: tls.ca ?? '',
    serverName: tls.serverName ?? '',
  };
}

/** The entry for the configuration. What is left empty is left out; whether it can be so, the plan says. */
export function entryOf(form: Form): Entry {
  const labels = linesOf(form.labels).map(labelOf);
  const owners = linesOf(form.owners);
  const tls = {
    ...(form.mode === 'verify-full' ? {} : { mode: form.mode }),
    ...(form.ca.trim() === '' ? {} : { ca: `${form.ca.trim()}\n` }),
    ...(form.serverName.trim() === '' ? {} : { serverName: form.serverName.trim() }),
  };
  return {
    name: form.name.trim() as Entry['name'],
    engine: form.engine,
    address: form.address.trim(),
    databases: linesOf(form.databases),
    labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    owners: owners.length === 0 ? undefined : (owners as Entry['owners']),
    credential: {
      user: form.user.trim(),
      ...(form.source === 'stored' ? { stored: true as const } : { [form.source]: form.place.trim() }),
    },
    tls: Object.keys(tls).length === 0 ? undefined : tls,
  };
}

/** The first line that is no label, or null. */
export const badLabel = (text: string): string | null => linesOf(text).find((line) => !/^[^=]+=/.test(line)) ?? null;

const labelOf = (line: string): [string, string] => {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
};

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
