/**
 * Checkpoints: the control plane's signed word on how far a stream had come. A chain alone shows changes only to who
 * holds a later hash; a checkpoint kept elsewhere shows that the end was cut off, or the whole made anew.
 */
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import type { StreamId } from '../ids.ts';
import { canonicalJson } from './canonical.ts';
import type { ChainHead } from './chain.ts';

export interface Checkpoint {
  readonly stream: StreamId;
  readonly seq: number;
  readonly hash: string;
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly keyId: string;
  /** Base64 Ed25519 over the canonical JSON of the other members. */
  readonly signature: string;
}

const SIGNATURE_BYTES = 64;

/** Hex SHA-256 of the public key's SPKI DER, 16 characters. Takes a private key too, and names its public half. */
export function auditKeyId(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16);
}

/** Signs where a chain stands. @param privateKey Ed25519 */
export function signCheckpoint(head: ChainHead, at: string, privateKey: KeyObject): Checkpoint {
  assertEd25519(privateKey);
  const unsigned = { stream: head.stream, seq: head.seq, hash: head.hash, at, keyId: auditKeyId(privateKey) };
  const signature = sign(null, checkpointBytes(unsigned), privateKey).toString('base64');
  return Object.freeze({ ...unsigned, signature });
}

/** Is it that key's signature over this checkpoint? False for anything malformed. @param publicKey Ed25519 */
export function verifyCheckpoint(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  assertEd25519(publicKey);
  const signature = Buffer.from(checkpoint.signature, 'base64');
  // Base64 has several texts for the same bytes; only one of them is the checkpoint's.
  if (signature.length !== SIGNATURE_BYTES || signature.toString('base64') !== checkpoint.signature) return false;
  return verify(null, checkpointBytes(checkpoint), publicKey, signature);
}

/** Its line in an export, canonical as an entry's is. */
export function checkpointLine(checkpoint: Checkpoint): string {
  const { stream, seq, hash: at, signature, keyId } = checkpoint;
  return canonicalJson({ stream, seq, hash: at, at: checkpoint.at, keyId, signature });
}

function checkpointBytes({ stream, seq, hash: head, at, keyId }: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(canonicalJson({ stream, seq, hash: head, at, keyId }), 'utf8');
}

function assertEd25519(key: KeyObject): void {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('A checkpoint is signed with an Ed25519 key');
}
