/** `npm run openapi`: writes the API's description, made from the very routes, to the contract. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeApi } from './describe.ts';

const file = fileURLToPath(new URL('../../../contract/openapi.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(await describeApi(), null, 2)}\n`);
console.log(`wrote ${file}`);
