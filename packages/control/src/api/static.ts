/** The files a browser is shown. Nothing but our own scripts and styles may run there. */
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export async function serveFiles(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(files, {
    root: folder,
    cacheControl: false,
    setHeaders: (reply) => {
      void reply.header('content-security-policy', CSP);
      void reply.header('cross-origin-opener-policy', 'same-origin');
      void reply.header('cache-control', 'no-cache');
    },
  });
}
