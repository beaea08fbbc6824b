/** A provisioning service's calls, as plain HTTP: what is sent is what is written in the tests. */
import { z } from 'zod';
import type { Api } from '../support/api.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** What tests look into of an answer, and whatever else it holds; empty where there is none. */
const resource = z.looseObject({
  id: z.string().optional(),
  userName: z.string().optional(),
  members: z.array(z.looseObject({ value: z.string(), display: z.string().optional() })).optional(),
});
const body = resource.extend({ totalResults: z.number().optional(), Resources: z.array(resource).optional() });
export type Body = z.infer<typeof body>;

/** Of what was made. */
export function idOf({ status, body: { id } }: Answer): string {
  if (id === undefined) throw new Error(`${status}, and no id`);
  return id;
}

export interface Scim {
  readonly key: string;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** A user with that name, and its id. */
  user(userName: string, more?: object): Promise<string>;
  /** A group with those members, and its id. */
  group(displayName: string, members?: readonly string[], more?: object): Promise<string>;
}

export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const patch = (...Operations: object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
});

/** With a key that carol (an administrator) makes for herself. */
export async function scimClient(api: Api): Promise<Scim> {
  const expiresAt = api.context.now().add({ hours: 24 }).toString();
  const { key } = await (await api.as('carol')).createApiKey({ name: 'provisioning', scopes: ['scim'], expiresAt });
  return scimWith(api, key);
}

export function scimWith(api: Api, key: string): Scim {
  const send: Scim['send'] = async (method, path, sent, headers = {}) => {
    const answer = await fetch(new URL(`/scim/v2${path}`, api.url), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(sent === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: body.parse(text === '' ? {} : JSON.parse(text)) };
  };
  const made = async (path: string, sent: object): Promise<string> => {
    const answer = await send('POST', path, sent);
    if (answer.status !== 201) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
    return idOf(answer);
  };
  return {
    key,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    user: (userName, more = {}) => made('/Users', { schemas: [USER], userName, active: true, ...more }),
    group: (displayName, members = [], more = {}) =>
      made('/Groups', { schemas: [GROUP], displayName, members: members.map((value) => ({ value })), ...more }),
  };
}
