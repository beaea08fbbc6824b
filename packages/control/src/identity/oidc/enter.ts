/** The last step of every way in by a provider: person, groups, login and what is kept to ask again, in one transaction. */
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import type { LoginKind } from '../../store/schema-logins.ts';
import { type OpenedLogin, openLoginIn } from '../logins.ts';
import { proofIn } from './claims.ts';
import { mapGroups } from './groups.ts';
import { personOf } from './person.ts';
import type { Provider } from './provider.ts';
import { assertCheckable, saveSession } from './session.ts';
import type { Shown } from './tokens.ts';

export interface From {
  readonly address: string;
  readonly userAgent: string | null;
  readonly kind: LoginKind;
}

/** Lets a person in whom their provider has shown. Throws `RefusedToken`, `login_failed` (disabled here), `conflict`. */
export async function enter(context: Context, provider: Provider, shown: Shown, from: From): Promise<OpenedLogin> {
  const { settings } = provider;
  assertCheckable(settings, shown);
  const { authTime, mfaAt } = proofIn(settings, shown.claims, context.now());
  return context.store.transaction(async (tx) => {
    const at = context.now();
    const config = await currentConfig(tx);
    const { person, key, events } = await personOf(tx, config, provider, shown, at);
    const changed = await mapGroups(tx, config, person, at);
    const issuerSession =
      shown.claims.sid === undefined ? {} : { issuerSession: `${settings.name} ${shown.claims.sid}` };
    const opening = { ...from, person, how: 'oidc', mfaAt, authTime, ...issuerSession } as const;
    const login = await openLoginIn(tx, context, opening, [...events, ...changed]);
    await saveSession(tx, context, settings, { key, login: login.id, shown, at });
    return login;
  });
}
