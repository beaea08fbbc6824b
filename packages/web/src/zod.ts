/**
 * zod as the browser gets it (vite.config.ts puts this in its place): without the probe for `eval`, which the content
 * security policy stops and reports. Told before any schema is made, since whoever makes one imports it from here.
 */
import * as z from 'zod/v4';

z.config({ jitless: true });

export * from 'zod/v4';
export { z };
