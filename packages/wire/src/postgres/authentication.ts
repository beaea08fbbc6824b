/** The messages of authentication: what a server asks (all of type R), what a client answers (all of type p). */
import { Buffer } from 'node:buffer';
import { Backend } from './backend.ts';
import { cstring, FieldReader, int32, message } from './fields.ts';
import { Frontend } from './frontend.ts';

const Kind = { ok: 0, cleartextPassword: 3, md5Password: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

/** What the server wants next. `unsupported`: Kerberos, GSSAPI, SSPI and what may come. */
export type Authentication =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartextPassword' }
  | { readonly kind: 'md5Password'; readonly salt: Uint8Array }
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'saslContinue'; readonly data: Uint8Array }
  | { readonly kind: 'saslFinal'; readonly data: Uint8Array }
  | { readonly kind: 'unsupported'; readonly code: number };

export function authenticationOk(): Buffer {
  return message(Backend.authentication, int32(Kind.ok));
}

/** Asks for the password in plain text: inside TLS only. */
export function authenticationCleartextPassword(): Buffer {
  return message(Backend.authentication, int32(Kind.cleartextPassword));
}

/** Offers SASL mechanisms, the preferred one first. */
export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return message(Backend.authentication, int32(Kind.sasl), ...mechanisms.map(cstring), Buffer.of(0));
}

export function authenticationSaslContinue(data: Uint8Array): Buffer {
  return message(Backend.authentication, int32(Kind.saslContinue), data);
}

export function authenticationSaslFinal(data: Uint8Array): Buffer {
  return message(Backend.authentication, int32(Kind.saslFinal), data);
}

export function readAuthentication(body: Uint8Array): Authentication {
  const fields = new FieldReader(body, 'server', 'authentication message');
  const code = fields.int32();
  switch (code) {
    case Kind.ok:
      fields.end();
      return { kind: 'ok' };
    case Kind.cleartextPassword:
      fields.end();
      return { kind: 'cleartextPassword' };
    case Kind.md5Password: {
      const salt = Buffer.from(fields.bytes(4));
      fields.end();
      return { kind: 'md5Password', salt };
    }
    case Kind.sasl: {
      const mechanisms: string[] = [];
      for (let name = fields.string(); name !== ''; name = fields.string()) mechanisms.push(name);
      fields.end();
      return { kind: 'sasl', mechanisms };
    }
    case Kind.saslContinue:
      return { kind: 'saslContinue', data: Buffer.from(fields.rest()) };
    case Kind.saslFinal:
      return { kind: 'saslFinal', data: Buffer.from(fields.rest()) };
    default:
      return { kind: 'unsupported', code };
  }
}

export function passwordMessage(password: string): Buffer {
  return message(Frontend.password, cstring(password));
}

export function readPasswordMessage(body: Uint8Array): string {
  const fields = new FieldReader(body, 'client', 'password message');
  const password = fields.string();
  fields.end();
  return password;
}

export function saslInitialResponse(mechanism: string, data: Uint8Array): Buffer {
  return message(Frontend.password, cstring(mechanism), int32(data.length), data);
}

/** `data` is null when the client left the initial response out (length -1). */
export function readSaslInitialResponse(body: Uint8Array): { mechanism: string; data: Uint8Array | null } {
  const fields = new FieldReader(body, 'client', 'SASLInitialResponse');
  const mechanism = fields.string();
  const length = fields.int32();
  if (length === -1) {
    fields.end();
    return { mechanism, data: null };
  }
  const data = Buffer.from(fields.bytes(length));
  fields.end();
  return { mechanism, data };
}

/** The answer to AuthenticationSASLContinue; the whole body is SASL data, so there is nothing to read on the other side. */
export function saslResponse(data: Uint8Array): Buffer {
  return message(Frontend.password, data);
}
