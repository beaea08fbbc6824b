import { principalSuite } from './principal-suite.ts';
import { SERVERS } from './principal-support.ts';

for (const server of SERVERS) principalSuite(server);
