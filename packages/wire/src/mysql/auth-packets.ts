/** What goes to and fro between the client's answer and the server's OK: another method, more data, the end. */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import { NONCE_BYTES } from './handshake.ts';
import { LoginCursor, terminated } from './login-bytes.ts';

/** Authentication methods. */
export const Plugin = {
  cachingSha2: 'caching_sha2_password',
  native: 'mysql_native_password',
  clear: 'mysql_clear_password',
} as const;

/** What `caching_sha2_password` says beside proofs, one byte each. */
export const CachingSha2 = {
  /** Client: may I have your public key? (To send the password without TLS, which is not done here.) */
  publicKeyWanted: 0x02,
  /** Server: the short proof was right; OK follows. */
  fastDone: 0x03,
  /** Server: say the password itself. */
  fullWanted: 0x04,
} as const;

const OK = 0x00;
const MORE = 0x01;
const SWITCH = 0xfe;
const ERROR = 0xff;

/** A packet of the server's during authentication. Ranges of the body are copies. */
export type AuthPacket =
  | { readonly kind: 'ok' }
  | { readonly kind: 'error' }
  | { readonly kind: 'more'; readonly data: Buffer }
  /** Prove it by `plugin` instead. `data`: for the methods known here the nonce, its NUL taken off. */
  | { readonly kind: 'switch'; readonly plugin: string; readonly data: Buffer };

/** Says what a packet is; OK and ERR are read by `readOk` and `readError`. Throws ProtocolError. */
export function readAuthPacket(body: Uint8Array): AuthPacket {
  switch (body[0]) {
    case OK:
      return { kind: 'ok' };
    case ERROR:
      return { kind: 'error' };
    case MORE:
      return { kind: 'more', data: Buffer.from(body.subarray(1)) };
    case SWITCH:
      return readSwitch(body);
    default:
      throw new ProtocolError('server', SqlState.protocolViolation, 'unexpected packet during authentication');
  }
}

/** A switch without a name is MySQL 4.0's, to a method that is not spoken here. */
function readSwitch(body: Uint8Array): AuthPacket {
  const cursor = new LoginCursor(body.subarray(1), 'server');
  if (cursor.left === 0) return { kind: 'switch', plugin: 'mysql_old_password', data: Buffer.alloc(0) };
  const plugin = cursor.untilNulOrEnd().toString('latin1');
  const data = Buffer.from(cursor.rest());
  const nul = data.length === NONCE_BYTES + 1 && data.at(-1) === 0;
  return { kind: 'switch', plugin, data: nul ? data.subarray(0, NONCE_BYTES) : data };
}

/** The body of AuthSwitchRequest. */
export function authSwitch(plugin: string, nonce: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(SWITCH), terminated(plugin), nonce, Buffer.of(0)]);
}

/** The body of AuthMoreData. */
export function authMore(...data: readonly number[]): Buffer {
  return Buffer.of(MORE, ...data);
}

/** A password in plain text: what `mysql_clear_password` sends, and `caching_sha2_password` when it must be whole. */
export function plainPassword(password: string): Buffer {
  return terminated(password);
}

/** Reads one; null when it is no text. Clients end it with a NUL, some without. */
export function readPlainPassword(body: Uint8Array): string | null {
  const end = body.at(-1) === 0 ? body.length - 1 : body.length;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body.subarray(0, end));
  } catch {
    return null;
  }
}
