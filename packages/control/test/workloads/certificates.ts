/** Client certificates, as an operator's own authority would issue them. */
import { generateKeyPairSync } from 'node:crypto';
import { PublicKey } from '@peculiar/x509';
import { issueClient, type KeyAndCertificate } from '../../src/keys/certificates.ts';

export async function clientCertificate(
  authority: KeyAndCertificate,
  name: string,
  validity: Parameters<typeof issueClient>[3],
): Promise<KeyAndCertificate> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = new PublicKey(pair.publicKey.export({ type: 'spki', format: 'der' }));
  const { certificate } = await issueClient(authority, { publicKey }, name, validity);
  return { key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate };
}
