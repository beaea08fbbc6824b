/**
 * The API as the browser calls it: the contract's typed client. The login is a cookie that no script can read; the client
 * sends along the header that shows a page of ours is calling.
 */
import { createClient } from '@tidegate/contract';

export const api = createClient({ url: location.origin });
