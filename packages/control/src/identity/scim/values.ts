/** What a provider sends, read by the schemas: spelling put right, types too, what is not in them left out. */
import { invalid } from './errors.ts';
import { type Attribute, attributeNamed, ENTERPRISE, type Kind } from './schemas.ts';

export type Values = Record<string, unknown>;

const TEXT_MAX = 2_000;
const VALUES_MAX = 200;
/** Members are values too, and there are many. */
export const MEMBERS_MAX = 20_000;

export const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A whole resource. Unknown attributes are left out, as RFC 7644 section 3.3 has it. Throws `invalidValue`, `invalidSyntax`. */
export function readResource(kind: Kind, input: unknown): Values {
  if (!isValues(input)) throw invalid('invalidSyntax', 'A resource is a JSON object.');
  const resource = readComplex(kind.attributes, input);
  const { extension } = kind;
  if (extension === null) return resource;
  const given = Object.entries(input).find(([key]) => key.toLowerCase() === extension.schema.toLowerCase())?.[1];
  if (given === undefined || given === null) return resource;
  if (!isValues(given)) throw invalid('invalidSyntax', 'An extension is a JSON object.');
  const extended = readComplex(extension.attributes, given);
  return Object.keys(extended).length === 0 ? resource : { ...resource, [ENTERPRISE]: extended };
}

/** Null, an empty text and an empty list are no value (RFC 7643 section 2.5). */
function readComplex(attributes: readonly Attribute[], input: Values): Values {
  const read: Values = {};
  for (const [key, value] of Object.entries(input)) {
    const attribute = attributeNamed(attributes, key);
    if (attribute === null || attribute.readOnly === true) continue;
    const known = readValue(attribute, value);
    if (known !== undefined) read[attribute.name] = known;
  }
  return read;
}

/** One attribute's value; `undefined`: none. Throws `invalidValue`. */
export function readValue(attribute: Attribute, value: unknown): unknown {
  if (value === null || value === undefined || value === '') return undefined;
  if (attribute.multiValued !== true) return readSingle(attribute, value);
  const list = Array.isArray(value) ? value : [value];
  const most = attribute.name === 'members' ? MEMBERS_MAX : VALUES_MAX;
  if (list.length > most) throw invalid('invalidValue', `“${attribute.name}” has at most ${most} values.`);
  const known = list.map((each) => readSingle(attribute, each)).filter((each) => each !== undefined);
  return known.length === 0 ? undefined : known;
}

function readSingle(attribute: Attribute, value: unknown): unknown {
  if (attribute.type === 'complex') {
    // Entra ID sends the id alone where the manager is meant, and providers send values of plural attributes so.
    const whole = isValues(value) ? value : { value };
    const complex = readComplex(attribute.subAttributes ?? [], whole);
    return Object.keys(complex).length === 0 ? undefined : complex;
  }
  if (attribute.type === 'boolean') return readBoolean(attribute, value);
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw invalid('invalidValue', `“${attribute.name}” must be text.`);
  if (value.length > TEXT_MAX) throw invalid('invalidValue', `“${attribute.name}” has at most ${TEXT_MAX} characters.`);
  return value;
}

/** Entra ID sends booleans as texts, with a capital. */
function readBoolean({ name }: Attribute, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (word === 'true' || word === 'false') return word === 'true';
  throw invalid('invalidValue', `“${name}” must be true or false.`);
}
