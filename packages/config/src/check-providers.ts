/** Identity providers: what the shape alone cannot tell, and the groups that come from them. */
import { compareDurations, parseDuration } from '@tidegate/core';
import { duration } from './check-resources.ts';
import type { Draft, Findings } from './draft.ts';
import type { ConfigPath } from './errors.ts';

type Provider = Draft['providers'][number]['value'];

const LEAST = parseDuration('1m');
const MOST = parseDuration('1d');

export function checkProviders(draft: Draft, findings: Findings): void {
  const clients = new Set<string>();
  for (const { path, value } of draft.providers) {
    const client = `${value.issuer} ${value.clientId}`;
    if (clients.has(client)) {
      findings.error([...path, 'clientId'], 'This issuer and client stand here already, further up.');
    }
    clients.add(client);
    checkAddresses(value, path, findings);
    checkSecret(value, path, findings);
    checkSession(value, path, findings);
    if (!value.entra && value.mfa.acrs.length > 0) {
      findings.error([...path, 'mfa', 'acrs'], '“acrs” is Entra ID’s own: with other providers use “acr”.');
    }
  }
  checkGroups(draft, findings);
}

/** What signs people in must come from whom it says: TLS, or this very machine. */
function checkAddresses({ issuer, graph, entra }: Provider, path: ConfigPath, findings: Findings): void {
  for (const [key, text] of [
    ['issuer', issuer],
    ['graph', graph],
  ] as const) {
    const url = new URL(text);
    if (!isTrustworthy(url)) {
      findings.error([...path, key], 'This must begin with https:// (http:// only on this machine).');
    } else if (`${url.search}${url.hash}${url.username}${url.password}` !== '') {
      findings.error([...path, key], 'This must not hold a query, a fragment, or a user.');
    }
  }
  if (entra && /\/(common|organizations|consumers)(\/|$)/.test(issuer)) {
    findings.error(
      [...path, 'issuer'],
      'This lets in people of any tenant. Name your own: https://login.microsoftonline.com/<tenant id>/v2.0.',
    );
  }
}

/** The addresses that never leave this machine may do without TLS. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return protocol === 'http:' && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

function checkSecret({ clientSecret }: Provider, path: ConfigPath, findings: Findings): void {
  if (clientSecret === undefined) return;
  if ((clientSecret.env === undefined) !== (clientSecret.file === undefined)) return;
  findings.error(
    [...path, 'clientSecret'],
    'Say where the secret comes from: “env” (a variable at the control plane) or “file” (a file there), one of them.',
  );
}

function checkSession({ scopes, session }: Provider, path: ConfigPath, findings: Findings): void {
  if (!scopes.includes('openid')) {
    findings.error([...path, 'scopes'], '“openid” must be among the scopes: without it nobody is signed in.');
  }
  if (session.recheckEvery === 'never') return;
  const place = [...path, 'session', 'recheckEvery'];
  const every = duration(session.recheckEvery, place, findings);
  if (every !== null && (compareDurations(every, LEAST) < 0 || compareDurations(every, MOST) > 0)) {
    findings.error(place, 'This must be between 1m and 24h, or “never”.');
  }
  if (!scopes.includes('offline_access')) {
    findings.warn(
      [...path, 'scopes'],
      'Without “offline_access” most providers give no refresh token, and nobody can sign in unless “session.recheckEvery” is “never”.',
    );
  }
}

function checkGroups(draft: Draft, findings: Findings): void {
  const names = [...draft.names.providers];
  for (const { path, value } of draft.groups) {
    const { fromIdp } = value;
    if (fromIdp === undefined) continue;
    const place = [...path, 'fromIdp'];
    if (typeof fromIdp !== 'string') {
      if (draft.names.providers.has(fromIdp.provider)) continue;
      findings.error([...place, 'provider'], `There is no identity provider “${fromIdp.provider}”.`);
    } else if (names.length === 0) {
      findings.error(place, 'There is no identity provider that this could come from.');
    } else if (names.length > 1) {
      findings.error(place, `Say which provider: {provider: ${names[0]}, id: …}. There are ${names.join(', ')}.`);
    }
  }
}
