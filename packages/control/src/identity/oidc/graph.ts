/**
 * Groups of a person who is in too many for a token (Entra ID leaves them out beyond 200, and says so). Asked of
 * Microsoft Graph with the application's own token; never at the address that the token names.
 */
import * as openid from 'openid-client';
import { z } from 'zod';
import { isLoopback } from '../signing-in.ts';
import { bounded, ProviderUnavailable } from './fetch.ts';
import type { Provider } from './provider.ts';

const answer = z.object({ value: z.array(z.string().min(1).max(256)).max(20_000) });

/** Ids of every group, directly or through others. The application needs GroupMember.Read.All. Throws `ProviderUnavailable`. */
export async function groupsInGraph({ settings, client }: Provider, object: string): Promise<readonly string[]> {
  const graph = new URL(settings.graph);
  const { access_token: token } = await openid.clientCredentialsGrant(client, { scope: `${graph.origin}/.default` });
  const response = await bounded(
    new URL(`/v1.0/users/${encodeURIComponent(object)}/getMemberGroups`, graph).href,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ securityEnabledOnly: false }),
    },
    { local: isLoopback(graph.hostname) },
  );
  if (!response.ok) throw new ProviderUnavailable(`Graph answered ${response.status} when asked for groups`);
  const parsed = answer.safeParse(await response.json());
  if (!parsed.success) throw new ProviderUnavailable('what Graph answered was not understood', parsed.error);
  return parsed.data.value;
}
