/** "You are in": the server's own words to the login, less what is between it and the gateway. */
import { Buffer } from 'node:buffer';
import { sqlserver } from '@tidegate/wire';
import { Permit } from '../../relay/admit.ts';
import type { Opening } from './opening.ts';
import type { Upstream } from './upstream.ts';

const { EnvChange, FeatureId, PacketType } = sqlserver;
/** Of a LOGINACK: behind the token, its length and the interface. */
const ACK_VERSION_AT = 4;

/** Only with a permit. */
export function greeting(permit: Permit, { login, nonce }: Opening, { tokens, channel }: Upstream): Buffer {
  Permit.demand(permit);
  const fedAuth = sqlserver.fedAuthOf(login.features) !== null;
  const said: Buffer[] = [];
  const features: sqlserver.Feature[] = [];
  for (const token of tokens) {
    if (token.kind === 'features') features.push(...token.features);
    else if (token.kind === 'loginAck') said.push(acknowledged(token.bytes, login.version));
    // Where the session's server is, and which stands in for it, is the gateway's own knowledge.
    else if (token.kind === 'change' && token.type === EnvChange.mirror) continue;
    else if (token.kind !== 'done' && token.kind !== 'routing') said.push(token.bytes);
  }
  // A client's nonce comes back to it, so that it knows who has read its token (MS-TDS 3.2.5.4).
  if (fedAuth) features.push({ id: FeatureId.fedAuth, data: nonce ?? Buffer.alloc(0) });
  if (features.length > 0) said.push(sqlserver.featureAckToken(features));
  // The last one: that there is no more.
  said.push(...tokens.flatMap((token) => (token.kind === 'done' ? [token.bytes] : [])).slice(-1));
  return inPackets(Buffer.concat(said), packetBytes(tokens), channel);
}

/** A client that speaks 8.0 is answered so: towards the server it is 7.4, which differs in where TLS is alone. */
function acknowledged(token: Buffer, version: number): Buffer {
  if (version !== sqlserver.TdsVersion.v80) return token;
  const changed = Buffer.from(token);
  changed.writeUInt32BE(version, ACK_VERSION_AT);
  return changed;
}

/** No larger than what both ends have agreed on, nor than what holds before that. */
function packetBytes(tokens: readonly sqlserver.ReceivedToken[]): number {
  const change = tokens.find((token) => token.kind === 'change' && token.type === EnvChange.packetSize);
  const agreed = change?.kind === 'change' ? Number(change.value) : sqlserver.LOGIN_PACKET_BYTES;
  const known = Number.isInteger(agreed) && agreed >= sqlserver.MIN_PACKET_BYTES;
  return known ? Math.min(agreed, sqlserver.LOGIN_PACKET_BYTES) : sqlserver.LOGIN_PACKET_BYTES;
}

/** With the server's number of the session in each header, which clients show. */
function inPackets(body: Buffer, size: number, channel: number): Buffer {
  const packets = sqlserver.packets(PacketType.response, body, size);
  for (let at = 0; at < packets.length; at += packets.readUInt16BE(at + 2)) packets.writeUInt16BE(channel, at + 4);
  return packets;
}
