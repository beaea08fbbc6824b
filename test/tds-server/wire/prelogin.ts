/** PRELOGIN (MS-TDS 2.2.6.5): what both sides settle before the login. */
import type { Buffer } from 'node:buffer';
import { EMPTY, Malformed, Reader } from './reader.ts';
import { Writer } from './writer.ts';

const Option = {
  version: 0,
  encryption: 1,
  instance: 2,
  thread: 3,
  mars: 4,
  trace: 5,
  federated: 6,
  nonce: 7,
} as const;
const TERMINATOR = 0xff;

export const Encryption = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

export interface Prelogin {
  readonly encryption: number | null;
  readonly mars: boolean;
  readonly federatedRequired: boolean | null;
  readonly nonce: Buffer | null;
}

export function parsePrelogin(payload: Buffer): Prelogin {
  const options = new Map<number, Buffer>();
  const reader = new Reader(payload);
  for (let option = reader.u8(); option !== TERMINATOR; option = reader.u8()) {
    const offset = reader.u16be();
    options.set(option, new Reader(payload, offset).take(reader.u16be()));
  }
  if (!options.has(Option.version)) throw new Malformed('a PRELOGIN without a version');
  const nonce = options.get(Option.nonce) ?? EMPTY;
  const federated = options.get(Option.federated)?.[0];
  return {
    encryption: options.get(Option.encryption)?.[0] ?? null,
    mars: options.get(Option.mars)?.[0] === 1,
    federatedRequired: federated === undefined ? null : federated === 1,
    nonce: nonce.length === 32 ? nonce : null,
  };
}

/** SQL Server 2022, as the sixteen of its version says. */
export const SERVER_VERSION = [16, 0, 0x10, 0x00] as const;

export interface PreloginAnswer {
  readonly encryption: number;
  /** null: the client didn't ask. */
  readonly federatedRequired: boolean | null;
  readonly nonce: Buffer | null;
}

export function preloginAnswer(answer: PreloginAnswer): Buffer {
  const options: [number, readonly number[] | Buffer][] = [
    [Option.version, [...SERVER_VERSION, 0, 0]],
    [Option.encryption, [answer.encryption]],
    [Option.instance, [0]],
    [Option.thread, []],
    // Multiple active result sets are declined.
    [Option.mars, [0]],
  ];
  if (answer.federatedRequired !== null) options.push([Option.federated, [answer.federatedRequired ? 1 : 0]]);
  if (answer.nonce !== null) options.push([Option.nonce, answer.nonce]);
  const head = new Writer();
  const data = new Writer();
  const base = options.length * 5 + 1;
  for (const [option, bytes] of options) {
    head
      .u8(option)
      .u16be(base + data.length)
      .u16be(bytes.length);
    data.raw(Uint8Array.from(bytes));
  }
  return head.u8(TERMINATOR).raw(data.bytes()).bytes();
}
