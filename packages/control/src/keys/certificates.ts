/**
 * X.509 by @peculiar/x509, which is slow to load: only what makes certificates imports this file, and only when it
 * does (first start, join, renewal). Verifying certificates is TLS's own work.
 */
import 'reflect-metadata';
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { TidegateError } from '@tidegate/core';

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** Clocks differ: a certificate is good from a little before it was made. */
const BACKDATED = Temporal.Duration.from({ minutes: 5 });

export interface KeyAndCertificate {
  /** PKCS #8 PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** Lower-case hex, as TLS tells it. */
  readonly serial: string;
}

interface Validity {
  readonly from: Temporal.Instant;
  readonly until: Temporal.Instant;
}

/** A new self-signed authority that may sign leaves only. */
export async function makeAuthority(name: string, validity: Validity): Promise<KeyAndCertificate> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: SIGNATURE,
    serialNumber: newSerial(),
    ...dates(validity),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: privatePem(keys.privateKey), certificate: certificate.toString('pem') };
}

/** A new key with a certificate for TLS servers, for the names given. */
export async function makeServer(
  authority: KeyAndCertificate,
  names: readonly string[],
  validity: Validity,
): Promise<KeyAndCertificate> {
  const keys = await makeKeys();
  const [commonName = ''] = names;
  const issued = await issue(authority, keys.publicKey, commonName, validity, serverExtensions(names));
  return { key: privatePem(keys.privateKey), certificate: issued.certificate };
}

/** For TLS servers; `commonName` is for people, clients look at `names` only. */
export function issueServer(
  authority: KeyAndCertificate,
  request: CheckedRequest,
  commonName: string,
  names: readonly string[],
  validity: Validity,
): Promise<IssuedCertificate> {
  return issue(authority, request.publicKey, commonName, validity, serverExtensions(names));
}

/** For TLS clients. */
export function issueClient(
  authority: KeyAndCertificate,
  request: CheckedRequest,
  commonName: string,
  validity: Validity,
): Promise<IssuedCertificate> {
  const extensions = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
  return issue(authority, request.publicKey, commonName, validity, extensions);
}

export interface CheckedRequest {
  readonly publicKey: PublicKey;
}

/**
 * Reads a PKCS #10 request and checks that its sender holds the key. Only the key is taken from it: names and uses are
 * ours to give. Throws `invalid_input`.
 */
export async function checkRequest(pem: string): Promise<CheckedRequest> {
  let request: Pkcs10CertificateRequest;
  let proven: boolean;
  try {
    request = new Pkcs10CertificateRequest(pem);
    proven = await request.verify();
  } catch (error) {
    throw new TidegateError('invalid_input', 'The certificate request cannot be read.', '', error);
  }
  if (!proven) throw new TidegateError('invalid_input', 'The certificate request is not signed by its own key.');
  const algorithm: { name: string; namedCurve?: string } = request.publicKey.algorithm;
  if (algorithm.name !== KEY_ALGORITHM.name || algorithm.namedCurve !== KEY_ALGORITHM.namedCurve) {
    throw new TidegateError('invalid_input', 'The certificate request must be for an ECDSA P-256 key.');
  }
  return { publicKey: request.publicKey };
}

async function issue(
  authority: KeyAndCertificate,
  publicKey: PublicKey | CryptoKey,
  commonName: string,
  validity: Validity,
  extensions: readonly Extension[],
): Promise<IssuedCertificate> {
  const issuer = new X509Certificate(authority.certificate);
  const serial = newSerial();
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [commonName] }],
    issuer: issuer.subjectName,
    publicKey,
    signingKey: createPrivateKey(authority.key).toCryptoKey(KEY_ALGORITHM, false, ['sign']),
    signingAlgorithm: SIGNATURE,
    serialNumber: serial,
    ...dates(validity),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
      ...extensions,
    ],
  });
  return { certificate: certificate.toString('pem'), serial };
}

const serverExtensions = (names: readonly string[]): readonly Extension[] => [
  new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
  new SubjectAlternativeNameExtension(
    names.map((name): JsonGeneralName => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name })),
  ),
];

const dates = ({ from, until }: Validity) => ({
  notBefore: new Date(from.subtract(BACKDATED).epochMilliseconds),
  notAfter: new Date(until.epochMilliseconds),
});

const makeKeys = () => webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);

const privatePem = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();

/** 126 random bits; the first byte is 0x40 to 0x7f, so that no writer of the number adds or drops a leading zero. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}
