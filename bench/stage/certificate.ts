import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate for 127.0.0.1. */
export async function certificate(folder: string): Promise<CertificateFiles> {
  const [cert, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await run('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject]);
  return { cert, key };
}

/** A copy that the process `pid` alone can read: PostgreSQL takes no key that others could have read. */
export function ownedBy(files: CertificateFiles, pid: number): CertificateFiles {
  const { uid, gid } = statSync(`/proc/${pid}`);
  const copy = { cert: `${files.cert}.owned`, key: `${files.key}.owned` };
  for (const which of ['cert', 'key'] as const) {
    copyFileSync(files[which], copy[which]);
    chownSync(copy[which], uid, gid);
    chmodSync(copy[which], 0o600);
  }
  return copy;
}
