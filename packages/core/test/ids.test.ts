import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type GrantId,
  type GroupName,
  LOGIN_NAME_MAX,
  loginName,
  newGatewayId,
  newGrantId,
  newRequestId,
  newSessionId,
  newTicketId,
  type PersonName,
  type RequestId,
} from '../src/index.ts';
import { GRANT, name, seededBytes } from './make.ts';

describe('ids', () => {
  test('have their prefix, their length and only letters that can be read out', () => {
    const random = seededBytes(1);
    for (let times = 0; times < 200; times++) {
      expect(newGrantId(random)).toMatch(/^g[0-9a-hjkmnp-tv-z]{7}$/);
      expect(newRequestId(random)).toMatch(/^req_[0-9a-hjkmnp-tv-z]{16}$/);
      expect(newTicketId(random)).toMatch(/^tk_[0-9a-hjkmnp-tv-z]{16}$/);
      expect(newSessionId(random)).toMatch(/^ses_[0-9a-hjkmnp-tv-z]{16}$/);
      expect(newGatewayId(random)).toMatch(/^gw_[0-9a-hjkmnp-tv-z]{16}$/);
    }
  });

  test('use every letter of the alphabet: no bit is wasted', () => {
    const letters = new Set(Array.from({ length: 256 }, (_, byte) => newGrantId(() => new Uint8Array(7).fill(byte))));
    expect(letters.size).toBe(32);
  });

  test('can not be taken for one another, nor made of a plain string', () => {
    expectTypeOf<GrantId>().not.toExtend<RequestId>();
    expectTypeOf<RequestId>().not.toExtend<GrantId>();
    expectTypeOf<PersonName>().not.toExtend<GroupName>();
    expectTypeOf<string>().not.toExtend<GrantId>();
    expectTypeOf<GrantId>().toExtend<string>();
  });
});

describe('login names', () => {
  test.each([
    ['alice', 'alice.g7k2m0ab'],
    ['Alice O’Hara', 'alice-o-hara.g7k2m0ab'],
    ['renée@firma.example', 'renee-firma-example.g7k2m0ab'],
    ['a"; drop role b; --', 'a-drop-role-b.g7k2m0ab'],
    ['李雷', 'person.g7k2m0ab'],
    ['...', 'person.g7k2m0ab'],
  ])('%s → %s', (person, login) => {
    expect(loginName(name(person), GRANT)).toBe(login);
  });

  test('fit the narrowest engine, with the grant whole at the end', () => {
    const login = loginName(name('x'.repeat(500)), GRANT);
    expect(login).toHaveLength(LOGIN_NAME_MAX);
    expect(login.endsWith(`.${GRANT}`)).toBe(true);
  });
});
