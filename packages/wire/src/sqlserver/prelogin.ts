/**
 * PRELOGIN (MS-TDS 2.2.6.5): what a client and a server tell each other before anything else, above all whether the
 * connection is encrypted. A list of options, each with the place of its value, and then the values.
 */
import { Buffer } from 'node:buffer';
import type { Refusal } from '../statements.ts';
import { FieldReader } from './fields.ts';

export const PreloginOption = {
  version: 0x00,
  encryption: 0x01,
  instance: 0x02,
  thread: 0x03,
  mars: 0x04,
  trace: 0x05,
  fedAuthRequired: 0x06,
  nonce: 0x07,
  terminator: 0xff,
} as const;

/** What a side says of encryption. With a client certificate (0x80 and up) is not offered here. */
export const Encryption = {
  /** Only the login is encrypted. */
  off: 0x00,
  on: 0x01,
  notSupported: 0x02,
  required: 0x03,
} as const;

export interface Prelogin {
  /** Major, minor and build of the sender. */
  readonly version: { readonly major: number; readonly minor: number; readonly build: number; readonly sub: number };
  /** One of `Encryption`, perhaps with 0x80 for a client certificate. */
  readonly encryption: number;
  /** The instance the client means; from a server one byte: 0, it is this one. As text, without its NUL. */
  readonly instance: string;
  /** Of the client's thread or process, for its own debugging. null: not said. */
  readonly thread: number | null;
  /** Several active result sets on one connection. */
  readonly mars: boolean;
  /** Connection and activity ids of the client's, as sent. */
  readonly trace: Buffer | null;
  /** Whether federated authentication is echoed in LOGIN7; null: not said. */
  readonly fedAuthRequired: number | null;
  readonly nonce: Buffer | null;
}

const MAX_OPTIONS = 32;

/** The body of a PRELOGIN message. Options that are not known are passed over, as servers do. */
export function readPrelogin(body: Uint8Array, side: Refusal['side']): Prelogin {
  const reader = new FieldReader(body, side, 'PRELOGIN');
  const options = new Map<number, Buffer>();
  for (;;) {
    const option = reader.uint8();
    if (option === PreloginOption.terminator) break;
    if (options.has(option)) throw reader.malformed('an option given twice');
    if (options.size >= MAX_OPTIONS) throw reader.malformed('too many options');
    const offset = reader.uint16BE();
    const length = reader.uint16BE();
    const next = reader.at;
    reader.seek(offset);
    options.set(option, Buffer.from(reader.bytes(length)));
    reader.seek(next);
  }
  const version = options.get(PreloginOption.version);
  if (version === undefined || version.length < 6) throw reader.malformed('no version');
  const instance = options.get(PreloginOption.instance) ?? Buffer.alloc(0);
  const thread = options.get(PreloginOption.thread);
  return {
    version: {
      major: version.readUInt8(0),
      minor: version.readUInt8(1),
      build: version.readUInt16BE(2),
      sub: version.readUInt16BE(4),
    },
    // Whoever says nothing can do nothing (as versions before 7.1 did).
    encryption: options.get(PreloginOption.encryption)?.[0] ?? Encryption.notSupported,
    instance: instance.toString('latin1').replace(/\0.*$/s, ''),
    thread: thread !== undefined && thread.length >= 4 ? thread.readUInt32BE(0) : null,
    mars: options.get(PreloginOption.mars)?.[0] === 1,
    trace: options.get(PreloginOption.trace) ?? null,
    fedAuthRequired: options.get(PreloginOption.fedAuthRequired)?.[0] ?? null,
    nonce: options.get(PreloginOption.nonce) ?? null,
  };
}

/** The body of a PRELOGIN message: a client's or a server's. */
export function writePrelogin(prelogin: Prelogin): Buffer {
  const { version, thread, trace, fedAuthRequired, nonce } = prelogin;
  const versionField = Buffer.alloc(6);
  versionField.writeUInt8(version.major, 0);
  versionField.writeUInt8(version.minor, 1);
  versionField.writeUInt16BE(version.build, 2);
  versionField.writeUInt16BE(version.sub, 4);
  const threadField = Buffer.alloc(4);
  threadField.writeUInt32BE(thread ?? 0);
  const options: [number, Buffer][] = [
    [PreloginOption.version, versionField],
    [PreloginOption.encryption, Buffer.of(prelogin.encryption)],
    [PreloginOption.instance, Buffer.from(`${prelogin.instance}\0`, 'latin1')],
    [PreloginOption.thread, thread === null ? Buffer.alloc(0) : threadField],
    [PreloginOption.mars, Buffer.of(prelogin.mars ? 1 : 0)],
  ];
  if (trace !== null) options.push([PreloginOption.trace, trace]);
  if (fedAuthRequired !== null) options.push([PreloginOption.fedAuthRequired, Buffer.of(fedAuthRequired)]);
  if (nonce !== null) options.push([PreloginOption.nonce, nonce]);

  const directory = Buffer.alloc(options.length * 5 + 1);
  let offset = directory.length;
  options.forEach(([option, value], index) => {
    directory.writeUInt8(option, index * 5);
    directory.writeUInt16BE(offset, index * 5 + 1);
    directory.writeUInt16BE(value.length, index * 5 + 3);
    offset += value.length;
  });
  directory.writeUInt8(PreloginOption.terminator, directory.length - 1);
  return Buffer.concat([directory, ...options.map(([, value]) => value)]);
}

/**
 * What the gateway answers a client. Several active result sets are never granted: a session is one stream of requests.
 * `encryption`: `on` or `required` where the client can, `notSupported` where there is TLS around it already.
 */
export function preloginAnswer(
  version: Prelogin['version'],
  encryption: number,
  fedAuthRequired: number | null = null,
): Buffer {
  return writePrelogin({
    version,
    encryption,
    instance: '',
    thread: null,
    mars: false,
    trace: null,
    fedAuthRequired,
    nonce: null,
  });
}
