/**
 * SASLprep (RFC 4013): makes passwords that look the same be the same. Generated passwords and tickets are ASCII and
 * pass untouched; this is for administrators' own.
 */

/** RFC 3454 table C.1.2: spaces that are mapped to U+0020. */
const OTHER_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;

/** RFC 3454 table B.1: characters that are mapped to nothing. */
const MAPPED_TO_NOTHING = /\u00ad|\u034f|\u1806|\u180b|\u180c|\u180d|[\u200b-\u200d]|\u2060|\ufeff|[\ufe00-\ufe0f]/g;

/** RFC 4013 section 2.3: control, private use, non-character, surrogate, not plain text, display and tagging codes. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]|[\u06dd\u070f\u180e\u200c-\u200f\u2028-\u202e\u2060-\u2063\u206a-\u206f\ufff9-\ufffd\u2ff0-\u2ffb]|\u0340|\u0341|[\u{1d173}-\u{1d17a}]|\u{e0001}|[\u{e0020}-\u{e007f}]/u;

/** RFC 3454 section 6, by script: what is written from right to left, and letters written from left to right. */
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
const RIGHT_TO_LEFT_ENDS = new RegExp(`^${RIGHT_TO_LEFT.source}(?:.*${RIGHT_TO_LEFT.source})?$`, 'su');
const LEFT_TO_RIGHT = /(?![\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}])\p{L}/u;

/**
 * The password as SCRAM hashes it. What SASLprep prohibits is used as it is, because PostgreSQL and libpq do the same:
 * refusing it here would lock out a password that the server accepts.
 */
export function saslprep(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const prepared = password.replaceAll(OTHER_SPACE, ' ').replaceAll(MAPPED_TO_NOTHING, '').normalize('NFKC');
  return prepared === '' || PROHIBITED.test(prepared) || breaksBidi(prepared) ? password : prepared;
}

/** Text with anything from right to left must begin and end so, and hold nothing from left to right. */
function breaksBidi(text: string): boolean {
  return RIGHT_TO_LEFT.test(text) && (LEFT_TO_RIGHT.test(text) || !RIGHT_TO_LEFT_ENDS.test(text));
}
