/**
 * TLS inside PRELOGIN (MS-TDS 3.3.5.2, TDS 7.x): the handshake's bytes ride in packets of type 0x12; once it is done
 * TLS records go bare. Who is done first cannot be seen from outside, so the server keeps to the one sign there is: the
 * client's first bare application data record (0x17). Until it came, everything the server sends is wrapped.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { HEADER_BYTES, PacketType, packet } from './packets.ts';
import { Malformed } from './reader.ts';

const APPLICATION_DATA = 0x17;
/** What SQL Server itself puts into one wrapped packet. */
const WRAPPED_BYTES = 4096 - HEADER_BYTES;

/** What a TLSSocket is built on. Owns the socket. */
export function tlsInPrelogin(socket: Socket, received: Buffer): Duplex {
  let bare = false;
  let pending: Buffer = Buffer.alloc(0);

  const unwrap = (chunk: Buffer): void => {
    if (bare) {
      if (!channel.push(chunk)) socket.pause();
      return;
    }
    pending = Buffer.concat([pending, chunk]);
    while (pending.length > 0) {
      if (pending[0] === APPLICATION_DATA) {
        bare = true;
        const rest = pending;
        pending = Buffer.alloc(0);
        channel.push(rest);
        return;
      }
      if (pending[0] !== PacketType.prelogin) {
        channel.destroy(new Malformed(`type ${pending[0]} where the TLS handshake rides`));
        return;
      }
      if (pending.length < HEADER_BYTES) return;
      const length = pending.readUInt16BE(2);
      if (length < HEADER_BYTES) {
        channel.destroy(new Malformed(`a packet of ${length} bytes`));
        return;
      }
      if (pending.length < length) return;
      channel.push(pending.subarray(HEADER_BYTES, length));
      pending = pending.subarray(length);
    }
  };

  const wrap = (chunk: Buffer): Buffer => {
    const packets: Buffer[] = [];
    for (let at = 0; at < chunk.length; at += WRAPPED_BYTES) {
      const part = chunk.subarray(at, at + WRAPPED_BYTES);
      packets.push(packet(PacketType.prelogin, part, at + WRAPPED_BYTES >= chunk.length, packets.length, 0));
    }
    return Buffer.concat(packets);
  };

  const channel = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(bare ? chunk : wrap(chunk), done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', unwrap);
  socket.on('end', () => channel.push(null));
  socket.on('error', (error) => channel.destroy(error));
  socket.on('close', () => channel.destroy());
  if (received.length > 0) unwrap(received);
  return channel;
}
