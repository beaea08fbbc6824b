/** Logins and second factors in words. */
import type { LoginView, Me, PasskeyView } from '@tidegate/contract';
import { paint } from '../colour.ts';
import { safe, table } from '../layout.ts';
import { away, when } from './time.ts';

const several = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;

/** `authenticator app, 2 passkeys, 9 recovery codes left`; how to add one where there is none. */
export function factorsInWords({ totp, passkeys, recoveryCodes }: Me['mfa'], shown: string): string {
  const has = [
    ...(totp ? ['authenticator app'] : []),
    ...(passkeys === 0 ? [] : [several(passkeys, 'passkey', 'passkeys')]),
  ];
  if (has.length === 0) return 'none: tidegate mfa enrol';
  return `${[...has, several(recoveryCodes, 'recovery code left', 'recovery codes left')].join(', ')}${shown}`;
}

export const loginsTable = (logins: readonly LoginView[]): string =>
  table(
    ['ID', 'BY', 'LAST USED', 'ENDS', 'SECOND FACTOR', 'FROM'],
    logins.map((login) => [
      login.current ? paint.bold(login.id) : login.id,
      `${login.how}${login.kind === 'cookie' ? ', browser' : ''}`,
      away(login.lastUsedAt),
      when(earlier(login.expiresAt, login.idleAt)),
      login.mfaAt === null ? '–' : away(login.mfaAt),
      safe(`${login.address}${login.userAgent === null ? '' : `, ${login.userAgent}`}`),
    ]),
    'Signed in nowhere.',
  );

const earlier = (a: string, b: string): string => (Date.parse(a) < Date.parse(b) ? a : b);

export const passkeysTable = (passkeys: readonly PasskeyView[]): string =>
  table(
    ['ID', 'SINCE', 'LAST USED', 'STATE', 'NAME'],
    passkeys.map((key) => [
      key.id,
      away(key.createdAt),
      away(key.lastUsedAt),
      key.lockedAt === null ? 'good' : paint.red('locked: somebody has a copy'),
      safe(key.name),
    ]),
    'You have no passkey.',
  );
