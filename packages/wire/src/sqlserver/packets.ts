/**
 * Packets: what every TDS message travels in (MS-TDS 2.2.3). A header of eight bytes (type, status, length with the
 * header, channel, number, window) and a piece of the message; the last packet of a message says so.
 */
import { Buffer } from 'node:buffer';

export const HEADER_BYTES = 8;
/** MS-TDS 2.2.6.4: a client may ask for no other sizes. */
export const MIN_PACKET_BYTES = 512;
export const MAX_PACKET_BYTES = 32_767;
/** Until a session's login is acknowledged, packets are no larger. */
export const LOGIN_PACKET_BYTES = 4096;

export const PacketType = {
  batch: 0x01,
  legacyLogin: 0x02,
  rpc: 0x03,
  response: 0x04,
  attention: 0x06,
  bulk: 0x07,
  fedAuthToken: 0x08,
  transactionManager: 0x0e,
  login7: 0x10,
  sspi: 0x11,
  /** Also carries the TLS handshake, where it comes inside TDS. */
  prelogin: 0x12,
} as const;

/** Bits of a header's status. */
export const PacketStatus = {
  endOfMessage: 0x01,
  /** Client, with `endOfMessage`: the message was given up, and must not be run. */
  ignore: 0x02,
  /** Client, in a message's first packet: first make the session as good as new. */
  resetConnection: 0x08,
  /** The same, but leave the transaction. */
  resetConnectionSkipTransaction: 0x10,
} as const;

/** The first byte of a connection that begins with TLS (TDS 8.0, "strict"): a TLS record of type handshake. */
export const TLS_HANDSHAKE = 0x16;

/**
 * A message in packets of at most `packetBytes`, headers included. `status`: further bits for the first packet.
 * An empty message is one empty packet.
 */
export function packets(type: number, message: Uint8Array, packetBytes = LOGIN_PACKET_BYTES, status = 0): Buffer {
  if (packetBytes <= HEADER_BYTES || packetBytes > 0xffff) throw new RangeError('no such packet size');
  const room = packetBytes - HEADER_BYTES;
  const count = Math.max(1, Math.ceil(message.length / room));
  const out = Buffer.alloc(message.length + count * HEADER_BYTES);
  let at = 0;
  for (let number = 0; number < count; number++) {
    const piece = message.subarray(number * room, (number + 1) * room);
    const last = number === count - 1 ? PacketStatus.endOfMessage : 0;
    out[at] = type;
    out[at + 1] = last | (number === 0 ? status : 0);
    out.writeUInt16BE(HEADER_BYTES + piece.length, at + 2);
    // The channel is the server's to tell and stays 0; numbers begin with 1.
    out[at + 6] = (number + 1) & 0xff;
    out.set(piece, at + HEADER_BYTES);
    at += HEADER_BYTES + piece.length;
  }
  return out;
}
