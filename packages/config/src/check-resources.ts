/** Resources: what the shape alone cannot tell. */
import { X509Certificate } from 'node:crypto';
import { ENGINES, nameLength, parseDuration, TidegateError } from '@tidegate/core';
import { isLocal, parseAddress } from './address.ts';
import type { Draft, Findings } from './draft.ts';
import type { ConfigPath } from './errors.ts';

type Resource = Draft['resources'][number]['value'];

export function checkResources(draft: Draft, findings: Findings): void {
  for (const { path, value } of draft.resources) {
    checkAddress(value, path, findings);
    checkCredential(value, path, findings);
    checkDatabases(value, path, findings);
    checkAllowed(value, path, findings);
  }
}

function checkAddress({ engine, address: text, tls }: Resource, path: ConfigPath, findings: Findings): void {
  const address = parseAddress(text);
  if (typeof address === 'string') {
    findings.error([...path, 'address'], address);
  } else if ('socket' in address && !ENGINES[engine].unixSocket) {
    findings.error([...path, 'address'], `${ENGINES[engine].label} is not reached by a socket: give host:port.`);
  } else if (tls.mode === 'disable' && !isLocal(address)) {
    findings.error(
      [...path, 'tls', 'mode'],
      'TLS can be disabled only for a socket or a loopback address: elsewhere the password and the data would be open to the network. Use “verify-full”, with “ca” for an authority of your own.',
    );
  }
  if (tls.ca === undefined) return;
  const problem = pemProblem(tls.ca);
  if (problem !== null) findings.error([...path, 'tls', 'ca'], problem);
}

function pemProblem(text: string): string | null {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (certificates === null) return 'This must be certificates in PEM (“-----BEGIN CERTIFICATE-----” …).';
  for (const [index, pem] of certificates.entries()) {
    try {
      new X509Certificate(pem);
    } catch {
      // Whatever its parser did not like: the file's author can only look at the certificate.
      return `Certificate ${index + 1} here cannot be read.`;
    }
  }
  return null;
}

function checkCredential({ credential, address, tls }: Resource, path: ConfigPath, findings: Findings): void {
  // It goes to the server as it is, and whoever has it has the account.
  if (credential.tokenFile !== undefined && (tls.mode === 'disable' || address.startsWith('/'))) {
    findings.error([...path, 'credential', 'tokenFile'], 'A token is sent inside TLS only: give host:port, with TLS.');
  }
  const sources = (['env', 'file', 'tokenFile', 'stored'] as const).filter(
    (source) => credential[source] !== undefined,
  );
  if (sources.length === 1) return;
  findings.error(
    [...path, 'credential'],
    sources.length === 0
      ? 'Say where the password comes from: “env” (a variable at the gateway), “file” (a file there), “tokenFile” (a token in a file there), or “stored: true” (tidegate resources credential).'
      : `Only one of ${sources.map((source) => `“${source}”`).join(' and ')} can be where the password comes from.`,
  );
}

function checkDatabases({ engine, databases }: Resource, path: ConfigPath, findings: Findings): void {
  const facts = ENGINES[engine];
  const { max, counted } = facts.names;
  for (const [index, name] of databases.entries()) {
    const place = [...path, 'databases', index];
    if (databases.indexOf(name) !== index) findings.error(place, `“${name}” stands here already.`);
    if (nameLength(name, facts) > max) findings.error(place, `A database’s name has at most ${max} ${counted} here.`);
    if (name.includes('\0')) findings.error(place, 'A database’s name cannot hold a NUL.');
  }
}

function checkAllowed({ engine, allow }: Resource, path: ConfigPath, findings: Findings): void {
  const { label, localFiles } = ENGINES[engine];
  if (!allow.localInfile || localFiles) return;
  findings.error([...path, 'allow', 'localInfile'], `${label} has no local files to allow: take this out.`);
}

/** The duration, or null after saying what is wrong with it. */
export function duration(text: string, path: ConfigPath, findings: Findings): Temporal.Duration | null {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    findings.error(path, error.message);
    return null;
  }
}
