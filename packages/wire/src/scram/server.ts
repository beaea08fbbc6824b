/**
 * The gateway as SCRAM server (RFC 5802, 5929, 7677): a proof is held against every ticket of a grant, which share salt
 * and iterations. Nothing in messages, order or work tells an unknown login name from a wrong password.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { attribute, base64, bytes, malformed, nonce, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, text } from './attributes.ts';
import { hmac, KEY_BYTES, type ScramVerifier, same, sha256, xor } from './keys.ts';

/** Against whom a proof is held. */
export interface ScramCandidates {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly verifiers: readonly ScramVerifier[];
}

export interface ScramServerOptions {
  readonly candidates: ScramCandidates;
  /** The server's part of the nonce: printable ASCII without a comma, at least 18 random bytes in base64. */
  readonly nonce: string;
  /**
   * tls-server-end-point: the hash of the listener's certificate (RFC 5929). null on a connection without TLS, where
   * -PLUS is not offered.
   */
  readonly endPoint: Uint8Array | null;
}

export type ScramVerdict =
  /** `index` of the verifier whose password the client knows; `message` proves in turn that we hold the verifier. */
  { readonly accepted: true; readonly index: number; readonly message: Buffer } | { readonly accepted: false };

/** A refused proof costs at least this many comparisons, so that the number of a grant's tickets doesn't show either. */
const LEAST_TRIED = 8;
const NOBODY: ScramVerifier = { storedKey: Buffer.alloc(KEY_BYTES), serverKey: Buffer.alloc(KEY_BYTES) };

export class ScramServer {
  readonly #options: ScramServerOptions;
  /** What was exchanged so far, as it will be signed; null before the first message. */
  #exchanged: { readonly signed: string; readonly binding: string; readonly nonce: string } | null = null;
  #finished = false;

  constructor(options: ScramServerOptions) {
    this.#options = options;
  }

  /** The mechanisms to offer, the best first. */
  get mechanisms(): readonly string[] {
    return this.#options.endPoint === null ? [SCRAM_SHA_256] : [SCRAM_SHA_256_PLUS, SCRAM_SHA_256];
  }

  /** Takes SASLInitialResponse and gives the server-first-message. Throws ProtocolError. */
  first(mechanism: string, clientFirst: Uint8Array): Buffer {
    if (this.#exchanged !== null) throw malformed('client', 'out of order');
    if (!this.mechanisms.includes(mechanism)) {
      throw new ProtocolError('client', SqlState.protocolViolation, 'client selected an invalid SASL mechanism');
    }
    const sent = text(clientFirst, 'client');
    const [flag = '', authzid, user, clientNonce] = sent.split(',', 4);
    const header = `${flag},${authzid},`;
    if (authzid !== '') throw malformed('client', 'an authorization identity is not supported');
    // An `m=` here would be an extension that we must understand (RFC 5802 section 5.1), and we know none.
    attribute(user, 'n', 'client');
    const clientPart = nonce(attribute(clientNonce, 'r', 'client'), 'client');
    const binding = this.#expectedBinding(mechanism, flag, header);

    const { candidates } = this.#options;
    const fullNonce = `${clientPart}${this.#options.nonce}`;
    const salt = Buffer.from(candidates.salt).toString('base64');
    const serverFirst = `r=${fullNonce},s=${salt},i=${candidates.iterations}`;
    this.#exchanged = { signed: `${sent.slice(header.length)},${serverFirst}`, binding, nonce: fullNonce };
    return bytes(serverFirst);
  }

  /**
   * Takes the client-final-message and says whether, and with which verifier, the client is who it claims to be. Throws
   * ProtocolError on a message out of shape or of another connection; a wrong password is a verdict.
   */
  final(clientFinal: Uint8Array): ScramVerdict {
    const exchanged = this.#exchanged;
    if (exchanged === null || this.#finished) throw malformed('client', 'out of order');
    this.#finished = true;
    const sent = text(clientFinal, 'client');
    const proofAt = sent.lastIndexOf(',p=');
    if (proofAt < 0) throw malformed('client', 'attribute "p" expected');
    const withoutProof = sent.slice(0, proofAt);
    const [binding, finalNonce] = withoutProof.split(',', 2);
    if (attribute(binding, 'c', 'client') !== exchanged.binding) {
      throw new ProtocolError('client', SqlState.invalidAuthorization, 'SCRAM channel binding check failed');
    }
    if (attribute(finalNonce, 'r', 'client') !== exchanged.nonce) throw malformed('client', 'nonce');
    const proof = base64(sent.slice(proofAt + 3), 'client');
    if (proof.length !== KEY_BYTES) throw malformed('client', 'proof');
    return this.#judge(proof, `${exchanged.signed},${withoutProof}`);
  }

  /** The `c=` attribute the client must send at the end: its own header, and with -PLUS our certificate's hash. */
  #expectedBinding(mechanism: string, flag: string, header: string): string {
    const { endPoint } = this.#options;
    const plus = mechanism === SCRAM_SHA_256_PLUS;
    if (flag === 'n' && !plus) return Buffer.from(header, 'latin1').toString('base64');
    if (flag === 'y' && !plus) {
      // "I could, but you don't offer it": when we did, somebody between has taken the offer away (RFC 5802 section 6).
      if (endPoint !== null) {
        throw new ProtocolError(
          'client',
          SqlState.invalidAuthorization,
          'SCRAM channel binding negotiation error: the client supports channel binding and thinks the server does not',
        );
      }
      return Buffer.from(header, 'latin1').toString('base64');
    }
    if (flag === 'p=tls-server-end-point' && plus && endPoint !== null) {
      return Buffer.concat([Buffer.from(header, 'latin1'), endPoint]).toString('base64');
    }
    throw malformed('client', 'channel binding flag');
  }

  /** Every verifier is tried, matched or not, in constant time each. */
  #judge(proof: Buffer, signed: string): ScramVerdict {
    const { verifiers } = this.#options.candidates;
    const tries = Math.max(LEAST_TRIED, verifiers.length);
    let matched = -1;
    let serverKey: Uint8Array = NOBODY.serverKey;
    for (let index = 0; index < tries; index++) {
      const verifier = verifiers[index] ?? NOBODY;
      const clientKey = xor(proof, hmac(verifier.storedKey, bytes(signed)));
      const matches = same(sha256(clientKey), verifier.storedKey);
      if (!matches || index >= verifiers.length) continue;
      matched = index;
      serverKey = verifier.serverKey;
    }
    const signature = hmac(serverKey, bytes(signed)).toString('base64');
    return matched < 0 ? { accepted: false } : { accepted: true, index: matched, message: bytes(`v=${signature}`) };
  }
}

/**
 * Candidates for a login name that is nobody's: the same salt each time it is tried, as a real one has, made from a
 * secret of the gateway's so that it can't be told from one. No proof fits.
 */
export function mockCandidates(
  secret: Uint8Array,
  loginName: string,
  iterations: number,
  saltBytes = 16,
): ScramCandidates {
  return { salt: hmac(secret, `scram salt of ${loginName}`).subarray(0, saltBytes), iterations, verifiers: [] };
}
