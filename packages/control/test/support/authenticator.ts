/**
 * An authenticator in software (WebAuthn level 2, ES256, attestation none): it does what a real one does, and, asked to,
 * what a real one never would.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Answer, AssertionResponse, RegistrationResponse } from '@tidegate/contract';

type CreationOptions = Answer<'beginPasskey'>['options'];
type RequestOptions = Answer<'askPasskey'>['options'];

export interface Behaviour {
  /** The page on which it is used. */
  readonly origin: string;
  /** Whether it asks for PIN, finger or face. */
  readonly verifies?: boolean;
  /** What its counter says; one more than before where left out. */
  readonly counter?: number;
  /** Another challenge than it was asked to sign. */
  readonly challenge?: string;
  /** Within another page's frame. */
  readonly framed?: boolean;
  /** Another relying party than its passkey is for. */
  readonly rpId?: string;
  /** Left out of its answer, or somebody else's. */
  readonly userHandle?: string | null;
}

const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;

export class Authenticator {
  readonly credential = randomBytes(32).toString('base64url');
  readonly #private: KeyObject;
  readonly #public: { readonly x: Buffer; readonly y: Buffer };
  #userHandle = '';
  #rpId = '';
  counter = 0;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#private = privateKey;
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    this.#public = { x: Buffer.from(x, 'base64url'), y: Buffer.from(y, 'base64url') };
  }

  /** `navigator.credentials.create`. */
  create(options: CreationOptions, behaviour: Behaviour): RegistrationResponse {
    this.#userHandle = options.user.id;
    this.#rpId = options.rp.id;
    const id = Buffer.from(this.credential, 'base64url');
    const attested = Buffer.concat([Buffer.alloc(16), uint16(id.length), id, this.#coseKey()]);
    const authData = Buffer.concat([this.#data(behaviour, ATTESTED), attested]);
    const attestationObject = cbor(
      new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ]),
    );
    return {
      id: this.credential,
      rawId: this.credential,
      type: 'public-key',
      response: {
        clientDataJSON: clientData('webauthn.create', options.challenge, behaviour).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  /** `navigator.credentials.get`. */
  get(options: RequestOptions, behaviour: Behaviour): AssertionResponse {
    this.counter = behaviour.counter ?? this.counter + 1;
    const authData = this.#data(behaviour, 0);
    const clientDataJSON = clientData('webauthn.get', options.challenge, behaviour);
    const signed = Buffer.concat([authData, createHash('sha256').update(clientDataJSON).digest()]);
    const userHandle = behaviour.userHandle === undefined ? this.#userHandle : behaviour.userHandle;
    return {
      id: this.credential,
      rawId: this.credential,
      type: 'public-key',
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', signed, this.#private).toString('base64url'),
        ...(userHandle === null ? {} : { userHandle }),
      },
    };
  }

  #data({ verifies = true, rpId = this.#rpId }: Behaviour, more: number): Buffer {
    const flags = PRESENT | (verifies ? VERIFIED : 0) | more;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), counter]);
  }

  /** RFC 9052: EC2, ES256, P-256, x, y. */
  #coseKey(): Buffer {
    return cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, this.#public.x],
        [-3, this.#public.y],
      ]),
    );
  }
}

function clientData(type: string, asked: string, { origin, challenge = asked, framed = false }: Behaviour): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: framed }));
}

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

type Cbor = number | string | Buffer | ReadonlyMap<number | string, Cbor>;

/** As much of RFC 8949 as an authenticator says. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const entries = [...value].flatMap(([key, of]) => [cbor(key), cbor(of)]);
  return Buffer.concat([head(5, value.size), ...entries]);
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.concat([Buffer.from([(major << 5) | 25]), uint16(value)]);
}
