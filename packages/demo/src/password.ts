import { randomInt } from 'node:crypto';
import { password as passwordShape } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';

/** No letter or digit that is taken for another when read aloud or typed off a screen. */
const CHARACTERS = '23456789abcdefghjkmnpqrstvwxyz';

/** The password of the demo's people: `TIDEGATE_DEMO_PASSWORD`, or a new one that somebody has to be shown. */
export function demoPassword(env: Readonly<Record<string, string | undefined>>): {
  password: string;
  generated: boolean;
} {
  const given = env.TIDEGATE_DEMO_PASSWORD;
  if (given === undefined || given === '') return { password: generated(), generated: true };
  if (!passwordShape.safeParse(given).success) {
    throw new TidegateError(
      'invalid_input',
      'TIDEGATE_DEMO_PASSWORD must have 8 to 256 characters.',
      'Choose a longer one, or leave it out and have one made.',
    );
  }
  return { password: given, generated: false };
}

/** 78 bits, in four groups: `k7qm-2xhp-9tnw-4vrc`. */
function generated(): string {
  const group = () => Array.from({ length: 4 }, () => CHARACTERS[randomInt(CHARACTERS.length)]).join('');
  return Array.from({ length: 4 }, group).join('-');
}
