/** Every version between the oldest and the newest, which `principal.test.ts` has. */
import { principalSuite } from './principal-suite.ts';

for (const server of [15, 16, 17] as const) principalSuite(server);
