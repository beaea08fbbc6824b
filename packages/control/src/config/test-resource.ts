/**
 * A connection is tested before it is in force: by a gateway, which alone comes near databases. It dials whatever
 * address it is given with whatever credential, as applying a configuration makes it do; hence for administrators alone,
 * checked as a configuration is, on record before it is dialled, and never with a password that is stored for another
 * place.
 */
import type { CurrentResource } from '@tidegate/config';
import type { Config, DesiredResource, ResourceTest } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import type { Look } from '../link/looks.ts';
import { forGateways } from '../link/resource.ts';
import { appendEvent } from '../record/events.ts';
import { NOTHING_KNOWN_TEXT } from './checking/known-text.ts';
import { inOrder } from './checking/read-text.ts';
import { openCredential } from './credentials.ts';
import { currentConfig } from './current.ts';

export interface TestInput {
  readonly resource: Config['resources'][number];
  /** In place of the stored one. */
  readonly password: string | null;
}

/**
 * Throws `invalid_config` with what is wrong with the resource, `invalid_input` where its password must be given, and
 * `gateway_unavailable`.
 */
export async function testResource(
  context: Context,
  look: Look,
  caller: Caller,
  { resource: written, password }: TestInput,
): Promise<ResourceTest> {
  const { store, now } = context;
  const resource = await checked(context, written);
  const desired = forGateways(resource, await sourceOf(context, resource, password), []);
  if (desired === null) throw wentMissing();
  const { name, engine, address, databases, credential } = resource;
  const { source } = desired.credential;
  const data = {
    by: caller.name,
    resource: name,
    engine,
    address,
    databases: [...databases],
    user: credential.user,
    // The name of a variable or the path of a file at the gateway; of a password only that it is one.
    credential: 'name' in source ? `env ${source.name}` : 'path' in source ? `${source.kind} ${source.path}` : 'secret',
  };
  await store.transaction((tx) => appendEvent(tx, { kind: 'resource.tested', at: now(), data }));
  const answer = await look(name, { kind: 'test', resource: { ...desired, reconcile: false } });
  if (answer.kind === 'test') return answer.test;
  const why = answer.kind === 'failed' ? answer.message : 'Its gateway answered strangely.';
  throw new TidegateError(
    'gateway_unavailable',
    `The connection could not be tested. ${why}`,
    'Try again in a moment.',
  );
}

/** As it would be if it stood in a configuration: what is refused there is not dialled. Who owns it is of no matter. */
async function checked({ checker }: Context, written: TestInput['resource']): Promise<CurrentResource> {
  const text = JSON.stringify({ apiVersion: 'tidegate/v1', resources: [{ ...written, owners: [] }] });
  const answer = await checker.check({ text, known: NOTHING_KNOWN_TEXT, against: null });
  const [resource] = inOrder(answer).config.resources;
  if (resource === undefined) throw wentMissing();
  return resource;
}

const wentMissing = () => new TidegateError('internal', 'A resource went missing while it was checked.');

type Source = DesiredResource['credential']['source'];

async function sourceOf(context: Context, resource: CurrentResource, password: string | null): Promise<Source> {
  const { env, file, tokenFile } = resource.credential;
  if (env !== undefined) return { kind: 'env', name: env };
  if (file !== undefined) return { kind: 'file', path: file };
  if (tokenFile !== undefined) return { kind: 'tokenFile', path: tokenFile };
  return { kind: 'secret', password: password ?? (await storedFor(context, resource)) };
}

/** Only for the very place that it is stored for: else whoever tests could have it sent to a server of their own. */
async function storedFor({ store, sealer }: Context, resource: CurrentResource): Promise<string> {
  const { resources } = await currentConfig(store.db);
  const inForce = resources.find(({ name }) => name === resource.name);
  const row = await store.db
    .selectFrom('resourceCredentials')
    .select('password')
    .where('resource', '=', resource.name)
    .executeTakeFirst();
  if (row !== undefined && inForce !== undefined && placeOf(inForce) === placeOf(resource)) {
    return openCredential(sealer, resource.name, row.password);
  }
  throw new TidegateError(
    'invalid_input',
    row === undefined
      ? `No password is stored for ${resource.name} yet.`
      : `The password that is stored for ${resource.name} goes nowhere but where it is in force.`,
    'Give the password with the test.',
  );
}

const placeOf = ({ engine, address, tls, credential }: CurrentResource): string =>
  JSON.stringify([engine, address, tls.mode, tls.ca, tls.serverName, credential.user, credential.stored]);
