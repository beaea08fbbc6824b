/** Workloads, and Tidegate's own roles: what the shape alone cannot tell. */
import { suggestion } from '@tidegate/contract';
import type { Draft, Findings, Known } from './draft.ts';
import type { ConfigPath } from './errors.ts';
import { ADMINISTRATORS, AUDITORS } from './groups.ts';

type Workload = Draft['workloads'][number]['value'];

export function checkWorkloads(draft: Draft, findings: Findings): void {
  // What shows who is calling must show one: the place where it stood first, by what it says.
  const shown = new Map<string, string>();
  const once = (key: string, name: string, path: ConfigPath): void => {
    const first = shown.get(key);
    if (first !== undefined) findings.error(path, `“${first}” is known by this already: it must be one workload.`);
    else shown.set(key, name);
  };
  const named = new Set<string>();
  for (const { path, value } of draft.workloads) {
    const { name, trust, certificates } = value;
    if (named.has(name)) findings.error([...path, 'name'], `There is a workload “${name}” already, further up.`);
    named.add(name);
    checkTrust(value, path, findings);
    for (const [index, { issuer, subject, audience }] of trust.entries()) {
      once(JSON.stringify([issuer, subject, audience]), name, [...path, 'trust', index]);
    }
    for (const [index, certificate] of certificates.entries()) {
      once(certificateKey(certificate), name, [...path, 'certificates', index]);
    }
    if (trust.length + certificates.length === 0) {
      findings.warn([...path, 'name'], `Nothing says how “${name}” signs in: it can act by API keys alone.`);
    }
  }
  for (const { path, value } of draft.rules) {
    for (const [index, name] of value.who.workloads.entries()) {
      if (draft.names.workloads.has(name)) continue;
      const meant = suggestion(name, [...draft.names.workloads]);
      findings.error([...path, 'who', 'workloads', index], `There is no workload “${name}”.${meant}`);
    }
  }
}

const certificateKey = (certificate: Workload['certificates'][number]): string =>
  'sha256' in certificate ? fingerprintOf(certificate.sha256) : JSON.stringify(subjectParts(certificate.subject));

/** As it is compared: 64 hex digits, however they were written. */
export const fingerprintOf = (text: string): string => text.replaceAll(':', '').toLowerCase();

/** `O=Contoso, CN=deploy` in its parts, in the certificate’s own order, as `openssl x509 -subject` shows them. */
export const subjectParts = (text: string): string[] =>
  text.split(/[,\n]\s*(?=[A-Za-z][A-Za-z0-9.]*\s*=)/).map((part) => part.trim().replace(/\s*=\s*/, '='));

/** Keys that come in the clear could be anybody's; on this machine nobody is in between. */
function checkTrust({ trust }: Workload, path: ConfigPath, findings: Findings): void {
  for (const [index, { issuer }] of trust.entries()) {
    const { protocol, hostname, search, hash, username, password } = new URL(issuer);
    const place = [...path, 'trust', index, 'issuer'];
    const local = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
    if (protocol !== 'https:' && !(protocol === 'http:' && local)) {
      findings.error(place, 'This must begin with https:// (http:// only on this machine).');
    } else if (`${search}${hash}${username}${password}` !== '') {
      findings.error(place, 'This must not hold a query, a fragment, or a user.');
    }
  }
}

/** Who has power over Tidegate itself: over resources that there are, and groups that there are. */
export function checkPermissions(draft: Draft, known: Known, findings: Findings): void {
  const groups = new Set<string>([...draft.names.groups, ...known.members.keys(), ADMINISTRATORS, AUDITORS]);
  const declared = (kind: string, names: ReadonlySet<string>, path: ConfigPath, referred: readonly string[]): void => {
    for (const [index, name] of referred.entries()) {
      if (names.has(name)) continue;
      findings.error([...path, index], `There is no ${kind} “${name}”.${suggestion(name, [...names])}`);
    }
  };
  for (const { path, value } of draft.workloads) declared('group', groups, [...path, 'groups'], value.groups);
  for (const { path, value } of draft.permissions) {
    const { role, to, resources } = value;
    declared('group', groups, [...path, 'to', 'groups'], to.groups);
    if (to.groups.length + to.people.length === 0) findings.error([...path, 'to'], 'This names nobody.');
    if (resources === undefined) continue;
    declared('resource', draft.names.resources, [...path, 'resources', 'names'], resources.names);
    if (role === 'policy-editor') {
      findings.error([...path, 'resources'], 'A policy is one: who edits it edits it for all resources.');
    } else if (resources.names.length === 0 && Object.keys(resources.labels).length === 0) {
      findings.error(
        [...path, 'resources'],
        'Say which: “names” or “labels”. For all resources leave “resources” out.',
      );
    }
  }
}
