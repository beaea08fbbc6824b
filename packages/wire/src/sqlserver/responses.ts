/** Tokens that the gateway says itself, in a server's place (MS-TDS 2.2.7). */
import { Buffer } from 'node:buffer';
import { longText, shortText, uint16, uint32 } from './fields.ts';
import type { Feature } from './login-features.ts';
import { writeFeatures } from './login-features.ts';
import type { ServerMessage } from './login-response.ts';
import { DoneStatus, Token } from './tokens.ts';
import { isWide } from './versions.ts';

export type Said = Pick<ServerMessage, 'number' | 'state' | 'severity' | 'message'> &
  Partial<Pick<ServerMessage, 'server' | 'procedure' | 'line'>>;

function sized(token: number, ...fields: readonly Buffer[]): Buffer {
  const data = Buffer.concat(fields);
  return Buffer.concat([Buffer.of(token), uint16(data.length), data]);
}

function said(token: number, version: number, { number, state, severity, message, ...of }: Said): Buffer {
  const { server = '', procedure = '', line = 0 } = of;
  return sized(
    token,
    uint32(number >>> 0),
    Buffer.of(state, severity),
    longText(message),
    shortText(server),
    shortText(procedure),
    isWide(version) ? uint32(line) : uint16(line),
  );
}

/** An ERROR token. `version` is that of the session, since 7.1 numbers lines with 16 bits. */
export const errorToken = (version: number, error: Said): Buffer => said(Token.error, version, error);

export const infoToken = (version: number, info: Said): Buffer => said(Token.info, version, info);

/** A DONE token without rows. */
export function doneToken(version: number, status: number): Buffer {
  return Buffer.concat([Buffer.of(Token.done), uint16(status), uint16(0), Buffer.alloc(isWide(version) ? 8 : 4)]);
}

/** An error and the end of the response: what refuses a login, or ends a session. */
export function errorResponse(version: number, error: Said): Buffer {
  return Buffer.concat([errorToken(version, error), doneToken(version, DoneStatus.error)]);
}

/** An ENVCHANGE whose values are text. */
export function changeToken(type: number, value: string, old: string): Buffer {
  return sized(Token.environmentChange, Buffer.of(type), shortText(value), shortText(old));
}

export function featureAckToken(features: readonly Feature[]): Buffer {
  return Buffer.concat([Buffer.of(Token.featureAck), writeFeatures(features)]);
}
