/**
 * The administrator's password, or the token in its place, from where the resource says: the gateway's environment, a file
 * near it, or the store. Read anew at each connect, so that a rotated one is in use without a restart. It appears in no
 * error and no log.
 */
import { readFile } from 'node:fs/promises';
import type { DesiredResource } from '@tidegate/contract';
import { ProvisionError } from '../engines/provisioner.ts';

const PERSON = "The gateway has no credential for this database's administrator.";
const MAX_BYTES = 16_384;

/** @returns a function that rejects with a `ProvisionError` when there is no password to be had. */
export function passwordOf(credential: DesiredResource['credential']): () => Promise<string> {
  const { source } = credential;
  switch (source.kind) {
    case 'secret':
      return async () =>
        some(source.password, 'The stored credential is empty: set it with tidegate resources credential.');
    case 'env':
      return async () =>
        some(process.env[source.name], `The environment variable ${source.name} is not set at the gateway, or empty.`);
    case 'file':
    case 'tokenFile':
      return () => fromFile(source.path);
  }
}

async function fromFile(path: string): Promise<string> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ProvisionError(
      PERSON,
      'credential',
      `The credential file ${path} cannot be read at the gateway (${code}).`,
    );
  }
  if (content.length > MAX_BYTES) {
    throw new ProvisionError(PERSON, 'credential', `The credential file ${path} is too large to be a password.`);
  }
  // One line end is the editor's, more would be the password's.
  return some(content.toString('utf8').replace(/\r?\n$/, ''), `The credential file ${path} is empty.`);
}

function some(password: string | undefined, otherwise: string): string {
  if (password === undefined || password === '') throw new ProvisionError(PERSON, 'credential', otherwise);
  return password;
}
