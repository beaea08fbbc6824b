/** The browser's side of WebAuthn: the API's options in, the authenticator's answer out, both as JSON. */
import {
  type AssertionResponse,
  assertionResponse,
  type RegistrationResponse,
  registrationResponse,
} from '@tidegate/contract';

export const canPasskeys = (): boolean => typeof PublicKeyCredential === 'function';

/** Asks an authenticator to sign. Rejects when the person does not want to, or has none that fits. */
export async function signWithPasskey(options: object): Promise<AssertionResponse> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON);
  return assertionResponse.parse(jsonOf(await navigator.credentials.get({ publicKey })));
}

/** Asks an authenticator for a new passkey. */
export async function makePasskey(options: object): Promise<RegistrationResponse> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON);
  return registrationResponse.parse(jsonOf(await navigator.credentials.create({ publicKey })));
}

const jsonOf = (credential: Credential | null): unknown =>
  credential instanceof PublicKeyCredential ? credential.toJSON() : null;
