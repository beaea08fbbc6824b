/** The API as the browser calls it: the contract's typed client, with the login's cookie and the header that no other site can send. */
import { createClient } from '@tidegate/contract';
import { withLogin } from './login.ts';

export const api = createClient({ url: location.origin, fetch: withLogin });
