/**
 * Who this gateway is to the control plane: its key, the certificates it was given, and the authority it pinned when it
 * joined. Kept in `TIDEGATE_HOME/gateway/identity.json`, for its owner's eyes only, and replaced as a whole.
 */
import { X509Certificate } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { z } from 'zod';

const stored = z.object({
  version: z.literal(1),
  gateway: z.string(),
  name: z.string(),
  /** `host:port` of the link's listener. */
  address: z.string(),
  /** PKCS #8 PEM. */
  key: z.string(),
  /** Opens the link. PEM. */
  certificate: z.string(),
  /** For the database listeners, unless they were given another. PEM. */
  listenerCertificate: z.string(),
  /** The authority, PEM: all that is trusted at the other end of the link. */
  ca: z.string(),
});
export type Identity = Omit<z.infer<typeof stored>, 'version'>;

/** null: this gateway has never joined. Throws where the file is there and isn't what we wrote. */
export function readIdentity(file: string): Identity | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const parsed = stored.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${file} is not an identity that this version knows`);
  const { version: _, ...identity } = parsed.data;
  return identity;
}

/** Durable before it returns: a join token serves once, so what it brought must not be lost. */
export function writeIdentity(file: string, identity: Identity): void {
  const draft = `${file}.new`;
  const fd = openSync(draft, 'w', 0o600);
  try {
    chmodSync(draft, 0o600);
    writeSync(fd, `${JSON.stringify({ version: 1, ...identity }, null, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
}

/** When to ask for new certificates: at two thirds of their life. Milliseconds since the epoch. */
export function renewAt(identity: Identity): number {
  const { validFromDate, validToDate } = new X509Certificate(identity.certificate);
  return validFromDate.getTime() + ((validToDate.getTime() - validFromDate.getTime()) * 2) / 3;
}
