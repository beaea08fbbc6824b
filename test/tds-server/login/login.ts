/** From LOGIN7 to a session: who it is, and where it goes. */
import type { Buffer } from 'node:buffer';
import type { Federation, TdsServerOptions } from '../options.ts';
import type { Database, Instance } from '../sql/instance.ts';
import { loginFailed } from '../sql/instance.ts';
import type { Principal } from '../sql/principals.ts';
import { Feature, type Login7 } from '../wire/login7.ts';
import { DEFAULT_PACKET, MAX_PACKET, MIN_PACKET } from '../wire/packets.ts';
import { TDS_8 } from '../wire/versions.ts';
import { readToken } from './federated.ts';

export interface Federated {
  readonly token: string;
  readonly nonce: Buffer | null;
}

export interface Admitted {
  readonly principal: Principal;
  readonly database: Database;
}

/** Throws SqlError 18456 or 4060. */
export function admit(instance: Instance, login: Login7): Admitted {
  if (login.integrated) throw loginFailed('', 5);
  return instance.authenticate(login.userName, login.password, login.database);
}

/** The token's bearer. `nonce` is what the server sent in its PRELOGIN, and wants to see again. */
export function admitFederated(
  instance: Instance,
  federation: Federation,
  login: Login7,
  given: Federated,
  nonce: Buffer | null,
): Admitted {
  if (nonce !== null && (given.nonce === null || !given.nonce.equals(nonce))) throw loginFailed('<token>', 132);
  const name = readToken(given.token, federation);
  if (name === null) throw loginFailed('<token-identified principal>', 132);
  return instance.authenticateExternal(name, login.database);
}

/** The version both speak: the client's, as far as the server knows it. */
export function agreedVersion(login: Login7): number {
  if (login.tdsVersion === TDS_8) return TDS_8;
  const known = [0x74000004, 0x730b0003, 0x730a0003, 0x72090002, 0x71000001, 0x71000000];
  return known.find((version) => login.tdsVersion >= version) ?? 0x71000000;
}

export function agreedPacketSize(login: Login7, options: TdsServerOptions): number {
  const asked = login.packetSize === 0 ? DEFAULT_PACKET : login.packetSize;
  return Math.max(MIN_PACKET, Math.min(asked, options.maxPacketSize ?? MAX_PACKET, MAX_PACKET));
}

/** What FEATUREEXTACK says. A client's nonce comes back to it, so that it knows who has read its token. */
export function acknowledged(login: Login7, clientNonce: Buffer | null): [number, Uint8Array][] {
  const features: [number, Uint8Array][] = [];
  if (login.federated !== null) features.push([Feature.federated, clientNonce ?? new Uint8Array()]);
  if (login.features.has(Feature.utf8)) features.push([Feature.utf8, Uint8Array.of(1)]);
  return features;
}
