/** The configuration's JSON Schema, for editors: made from the very schema that the API checks with. */
import { config } from '@tidegate/contract';
import { z } from 'zod';

export const CONFIG_SCHEMA_ID = 'https://tidegate.dev/schemas/tidegate-v1.json';

/** JSON Schema 2020-12 of what people write (`io: 'input'`: what has a default may be left out). */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' });
  return { $id: CONFIG_SCHEMA_ID, title: 'Tidegate configuration', ...schema };
}
